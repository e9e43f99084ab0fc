// What a processor wrote counts only as far as it may write it.

import { describe, expect, it } from 'vitest'
import { mergeRow, selectFields, timerOf, type CallFields, type ProcessorRights } from './processor.ts'

const rights = (name: string, more: Partial<ProcessorRights> = {}): ProcessorRights => ({
  name,
  modifier: false,
  required: false,
  async: false,
  inputFieldsInclude: [],
  inputFieldsExclude: [],
  outputFieldsWrite: ['outbound_payload', 'gl_path', 'note', 'control', 'outbound_headers', 'control_status'],
  ...more,
})

const FIELDS: CallFields = { gl_path: '/a/', ingress_payload: { a: 1 }, outbound_payload: { a: 1 } }

const merged = (...answers: readonly (readonly [ProcessorRights, CallFields | null])[]) =>
  mergeRow(
    'request',
    FIELDS,
    answers.map(([one, output]) => ({ rights: one, output })),
  )

describe('what is written', () => {
  it('is added by an annotator, and replaced by none', () => {
    const { fields, notes } = merged([rights('a'), { note: 'x', outbound_payload: { b: 2 } }])
    expect(fields).toEqual({ ...FIELDS, note: 'x' })
    expect(notes).toEqual([['"outbound_payload" was dropped: it is there already, and an annotator may only add']])
  })

  it('replaces what there is, from a modifier', () => {
    const { fields, notes } = merged([rights('a', { modifier: true }), { outbound_payload: { b: 2 }, note: 1 }])
    expect(fields).toEqual({ ...FIELDS, outbound_payload: { b: 2 }, note: 1 })
    expect(notes).toEqual([[]])
  })

  it('is dropped where the processor may not write it, whatever its list says of the gateway’s own fields', () => {
    const greedy = rights('a', { modifier: true, outputFieldsWrite: ['ingress_payload', 'error', 'note'] })
    const { fields, notes } = merged([
      greedy,
      { ingress_payload: 1, error: 2, gl_path: '/b/', note: 3, ['__proto__x']: 1 },
    ])
    expect(fields).toEqual({ ...FIELDS, note: 3 })
    expect(notes[0]).toHaveLength(4)
  })

  it('never reaches a prototype', () => {
    const output = JSON.parse('{"__proto__": {"polluted": true}}') as CallFields
    const { fields } = merged([rights('a', { modifier: true, outputFieldsWrite: ['__proto__'] }), output])
    expect(fields).toEqual(FIELDS)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('of two beside each other is that of the first listed, and the other is told', () => {
    const modifier = (name: string) => rights(name, { modifier: true })
    const { fields, notes } = merged([modifier('first'), { gl_path: '/b/' }], [modifier('second'), { gl_path: '/c/' }])
    expect(fields['gl_path']).toBe('/b/')
    expect(notes).toEqual([[], ['"gl_path" was dropped: "first" beside it wrote it too, and is listed first']])
  })

  it.each([
    ['gl_path', 7],
    ['control', 'blocked'],
    ['control', [1]],
    ['control_status', 99],
    ['control_status', '200'],
    ['outbound_headers', { 'x-a': 'b' }],
    ['outbound_headers', { 'x a': ['b'] }],
    ['outbound_headers', { 'x-a': ['b\r\nx-evil: 1'] }],
  ])('is dropped where the gateway could not use it: %s as %j', (field, value) => {
    const { fields, notes } = merged([rights('a', { modifier: true }), { [field]: value }])
    expect(fields).toEqual(FIELDS)
    expect(notes[0]?.[0]).toContain('must be')
  })

  it('is noted at most twenty times', () => {
    const output = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x${index}`, 1]))
    expect(merged([rights('a'), output]).notes[0]).toHaveLength(20)
  })
})

describe('what is seen', () => {
  it('is all, or what is named, without what is excluded', () => {
    expect(selectFields(FIELDS, [], [])).toEqual(FIELDS)
    expect(selectFields(FIELDS, ['gl_path', 'nothing', 'toString'], [])).toEqual({ gl_path: '/a/' })
    expect(selectFields(FIELDS, [], ['gl_path', 'outbound_payload'])).toEqual({ ingress_payload: { a: 1 } })
    expect(selectFields(FIELDS, ['gl_path', 'outbound_payload'], ['gl_path'])).toEqual({ outbound_payload: { a: 1 } })
  })
})

describe('a timer', () => {
  it('never runs backwards', () => {
    expect(timerOf(1_000, 900)).toEqual({
      start: '1970-01-01T00:00:01.000Z',
      stop: '1970-01-01T00:00:01.000Z',
      duration: 0,
    })
  })
})
