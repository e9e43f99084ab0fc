// Lifecycles: what is known is told, what Bedrock says later goes before it, and nothing is believed of its shape.

import { expect, it } from 'vitest'
import { createLifecycles } from './lifecycles.ts'

const known = () =>
  createLifecycles([
    ['a.old', { status: 'legacy', endOfLifeOn: null }],
    ['a.gone', { status: 'retired', endOfLifeOn: '2025-01-31' }],
    ['a.new', { status: 'active', endOfLifeOn: null }],
  ])

it.each([
  ['a.old', 'legacy'],
  ['a.gone', 'retired; end-of-life=2025-01-31'],
  ['a.new', null],
  ['a.other', null],
  [null, null],
])('%s is told as %s', (baseModel, header) => {
  expect(known().headerOf(baseModel)).toBe(header)
})

it('takes what Bedrock says', () => {
  const lifecycles = known()
  lifecycles.learn([
    { modelId: 'a.new', modelLifecycle: { status: 'LEGACY', endOfLifeTime: '2027-03-01T00:00:00Z' } },
    { modelId: 'a.old', modelLifecycle: { status: 'ACTIVE' } },
    { modelId: 'a.other', modelLifecycle: { status: 'LEGACY' } },
  ])
  expect(['a.new', 'a.old', 'a.other'].map(lifecycles.headerOf)).toEqual([
    'legacy; end-of-life=2027-03-01',
    null,
    'legacy',
  ])
  expect(lifecycles.of('a.new')).toEqual({ status: 'legacy', endOfLifeOn: '2027-03-01' })
})

it.each([
  { modelId: 'a.old' },
  { modelId: 'a.old', modelLifecycle: null },
  { modelId: 'a.old', modelLifecycle: 'ACTIVE' },
  { modelId: 'a.old', modelLifecycle: { status: 'constructor' } },
  { modelId: 'a.old', modelLifecycle: { status: 7 } },
  { modelLifecycle: { status: 'ACTIVE' } },
])('leaves %j alone', (summary) => {
  const lifecycles = known()
  lifecycles.learn([summary])
  expect(lifecycles.headerOf('a.old')).toBe('legacy')
})

it.each(['soon', '2027-03-01\r\nx: y', 1, {}])('takes no date from %j', (endOfLifeTime) => {
  const lifecycles = known()
  lifecycles.learn([{ modelId: 'a.old', modelLifecycle: { status: 'LEGACY', endOfLifeTime } }])
  expect(lifecycles.headerOf('a.old')).toBe('legacy')
})
