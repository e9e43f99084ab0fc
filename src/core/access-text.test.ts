// What is written to AWS keeps to what AWS takes, whatever is configured.

import { describe, expect, it } from 'vitest'
import { entryFlaw, METADATA_FORM, renderEntries, SESSION_TAG_FORM, sessionNameOf } from './access-text.ts'

const source = (attribute: string | null) => ({ tenantId: 't', keyId: 'k', attribute: () => attribute })

describe('entryFlaw', () => {
  it.each([
    ['team', 'a', null],
    ['team', '', null],
    ['team', '{tenant_id} {key_id} {attribute.cost-center}', null],
    ['', 'a', /name of 1 to 256/],
    ['k'.repeat(257), 'a', /name of 1 to 256/],
    ['te"am', 'a', /name of letters/],
    ['té', 'a', /name of letters/],
    ['team', 'a"b', /letters, digits, spaces/],
    ['team', 'a\nb', /letters, digits, spaces/],
    ['team', '{tenant}', /no braces but/],
    ['team', '{attribute.}', /no braces but/],
    ['team', '}', /no braces but/],
    ['team', 'v'.repeat(257), /at most 256/],
  ])('%s: %s', (key, template, flaw) => {
    const found = entryFlaw(key, template, METADATA_FORM)
    if (flaw === null) expect(found).toBeNull()
    else expect(found).toMatch(flaw)
  })

  it('takes for session tags what STS takes', () => {
    expect(entryFlaw('kostenstelle-ö', 'é', SESSION_TAG_FORM)).toBeNull()
    expect(entryFlaw('k'.repeat(129), '', SESSION_TAG_FORM)).toMatch(/1 to 128/)
    expect(entryFlaw('a$', '', SESSION_TAG_FORM)).toMatch(/name of letters/)
  })
})

describe('renderEntries', () => {
  it('makes any attribute fit', () => {
    const render = (attribute: string | null) =>
      renderEntries({ a: 'x{attribute.a}' }, source(attribute), METADATA_FORM)
    expect(render('"; DROP\u0000€😀')).toEqual({ a: 'x__ DROP___' })
    expect(render('y'.repeat(300))).toEqual({ a: `x${'y'.repeat(255)}` })
    expect(render('{key_id}')).toEqual({ a: 'x_key_id_' })
    expect(render(null)).toEqual({})
  })
})

describe('sessionNameOf', () => {
  it.each([
    ['a', 'a_'],
    ['team-a.b_c', 'team-a.b_c'],
    ['x'.repeat(70), 'x'.repeat(64)],
    ['a b/é', 'a_b__'],
  ])('%s becomes %s', (tenantId, name) => {
    expect(sessionNameOf(tenantId)).toBe(name)
  })
})
