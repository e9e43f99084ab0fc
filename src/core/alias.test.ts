// Aliases: what a name means, for whom and from when on.

import { describe, expect, it } from 'vitest'
import { ALIAS_NAME, createAliasTable, withTarget, type Alias } from './alias.ts'
import { parseModelId } from './model.ts'

const alias = (name: string, tenantId: string | null, ...targets: [from: string, modelId: string][]): Alias => ({
  name,
  tenantId,
  targets: targets.map(([from, modelId]) => ({ from: `2026-11-${from}T00:00:00.000Z`, modelId })),
  createdAt: '2026-11-01T00:00:00.000Z',
})
const day = (text: string): number => Date.parse(`2026-11-${text}T00:00:00.000Z`)

const table = createAliasTable([
  alias('chat', null, ['10', 'a.old'], ['20', 'a.new']),
  alias('chat', 'team', ['15', 'a.team']),
  alias('embed', 'organisation', ['01', 'a.embed']),
  alias('later', null, ['30', 'a.later']),
])

describe('an alias', () => {
  it.each([
    ['09', [], null],
    ['10', [], 'a.old'],
    ['19', [], 'a.old'],
    ['20', ['organisation'], 'a.new'],
    ['14', ['team', 'organisation'], 'a.old'],
    ['15', ['team', 'organisation'], 'a.team'],
    ['25', ['team', 'organisation'], 'a.team'],
    ['25', ['child', 'team'], 'a.team'],
    ['25', ['other'], 'a.new'],
  ])('on day %s is for %j %s', (at, tenantIds, modelId) => {
    expect(table.modelIdOf('chat', tenantIds, day(at))).toBe(modelId)
  })

  it('belongs to its tenants alone', () => {
    expect(table.modelIdOf('embed', ['other'], day('25'))).toBeNull()
    expect(table.allOf(['team', 'organisation'], day('25'))).toEqual([
      { name: 'chat', modelId: 'a.team' },
      { name: 'embed', modelId: 'a.embed' },
    ])
    expect(table.allOf([], day('25'))).toEqual([{ name: 'chat', modelId: 'a.new' }])
  })

  it('takes targets in any order, one for each time', () => {
    const made = ['20', '10', '20'].reduce(
      (before, from, at) => withTarget(before, { from: `2026-11-${from}T00:00:00.000Z`, modelId: `a.${at}` }),
      alias('chat', null),
    )
    expect(made.targets.map(({ modelId }) => modelId)).toEqual(['a.1', 'a.2'])
  })

  it.each(['chat-default', 'a', '0_x'])('%s is a name, and no model id', (name) => {
    expect(ALIAS_NAME.test(name)).toBe(true)
    expect(parseModelId(name)).toBeNull()
  })

  it.each(['', 'Chat', 'a.b', 'a:b', 'a/b', '-a', 'a b', 'x'.repeat(65), 'amazon.nova-lite-v1:0'])(
    '%s is no name',
    (name) => {
      expect(ALIAS_NAME.test(name)).toBe(false)
    },
  )
})
