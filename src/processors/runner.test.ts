// Rows run one after the other and their members beside each other, and nobody waits longer than a processor's own time.

import { describe, expect, it } from 'vitest'
import type { CallFields, ProcessorRights } from '../core/processor.ts'
import { ProcessorFailure, type Processor, type ProcessorLink } from './processor.ts'
import { createRunner } from './runner.ts'

type Call = ProcessorLink['call']

const processor = (name: string, call: Call, more: Partial<Processor> = {}): Processor => ({
  name,
  modifier: true,
  required: false,
  async: false,
  inputFieldsInclude: [],
  inputFieldsExclude: [],
  outputFieldsWrite: ['note', 'outbound_payload', 'control', name],
  timeoutMilliseconds: 10_000,
  atOnce: 10,
  link: { call, close: async () => undefined },
  ...more,
})

const NEVER: Call = () => new Promise(() => undefined)

function world() {
  const heard: [name: string, outcome: string][] = []
  const faults: string[] = []
  const runner = createRunner({
    now: Date.now,
    onResult: (name, outcome) => heard.push([name, outcome]),
    onFault: (name) => faults.push(name),
  })
  const run = (rows: readonly (readonly Processor[])[], fields: CallFields = { outbound_payload: 1 }) =>
    runner.run({
      side: 'request',
      rows,
      fields,
      context: { transactionId: 't', requestId: 'r', tenantId: 'a', keyId: 'k' },
    })
  return { run, heard, faults }
}

describe('rows', () => {
  it('run one after the other, their members beside each other', async () => {
    const order: string[] = []
    const gates = new Map<string, () => void>()
    const gated = (name: string): Processor =>
      processor(name, ({ fields }) => {
        order.push(`${name} sees ${Object.keys(fields).join()}`)
        return new Promise((resolve) => gates.set(name, () => resolve({ [name]: 1 })))
      })
    const { run } = world()
    const running = run([[gated('a'), gated('b')], [gated('c')]], {})
    await until(() => gates.size === 2)
    // both of the first row are under way before either has answered, and the second row is not
    expect(order).toEqual(['a sees ', 'b sees '])
    gates.get('b')?.()
    await settled()
    expect(gates.has('c')).toBe(false)
    gates.get('a')?.()
    await until(() => gates.has('c'))
    gates.get('c')?.()
    const outcome = await running
    expect(order.at(-1)).toBe('c sees a,b')
    expect(outcome.fields).toEqual({ a: 1, b: 1, c: 1 })
    expect(outcome.results.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  it('end with the row that writes "control"', async () => {
    const { run, heard } = world()
    const outcome = await run([
      [processor('filter', async () => ({ control: { stop: true } })), processor('beside', async () => null)],
      [processor('after', async () => ({ note: 1 }))],
    ])
    expect(outcome).toMatchObject({ fields: { control: { stop: true } }, failed: null })
    expect(heard.map(([name]) => name).toSorted()).toEqual(['beside', 'filter'])
  })

  it('end with the row of a required processor that has no answer', async () => {
    const { run, heard } = world()
    const outcome = await run([
      [processor('must', () => Promise.reject(new ProcessorFailure('answered 500')), { required: true })],
      [processor('after', async () => ({ note: 1 }))],
    ])
    expect(outcome.failed).toBe('must')
    expect(outcome.results[0]).toMatchObject({
      name: 'must',
      details: { required: true, completed: false, notes: ['answered 500'] },
    })
    expect(heard).toEqual([['must', 'failed']])
  })

  it('go on past one that is not required, whatever it does', async () => {
    const { run, heard, faults } = world()
    const outcome = await run([
      [
        processor('hangs', NEVER, { timeoutMilliseconds: 20 }),
        processor('throws', () => {
          throw new TypeError('secret prompt')
        }),
        processor('good', async () => ({ note: 'kept' })),
      ],
    ])
    expect(outcome).toMatchObject({ failed: null, fields: { note: 'kept' } })
    expect(outcome.results.map(({ details }) => details.notes ?? [])).toEqual([
      ['had no answer after 20 ms'],
      ['failed inside the gateway'],
      [],
    ])
    expect(heard.toSorted(([a], [b]) => a.localeCompare(b))).toEqual([
      ['good', 'completed'],
      ['hangs', 'timeout'],
      ['throws', 'failed'],
    ])
    expect(faults).toEqual(['throws'])
    expect(JSON.stringify(outcome)).not.toContain('secret prompt')
  })
})

describe('a processor', () => {
  it('sees what it is given to see, and no more', async () => {
    const seen: CallFields[] = []
    const narrow = { inputFieldsInclude: ['a', 'b'], inputFieldsExclude: ['b'] } satisfies Partial<ProcessorRights>
    const { run } = world()
    await run([[processor('narrow', async ({ fields }) => (seen.push(fields), null), narrow)]], { a: 1, b: 2, c: 3 })
    expect(seen).toEqual([{ a: 1 }])
  })

  it('works on so many calls at once; others wait within their time', async () => {
    const { run } = world()
    let running = 0
    let most = 0
    const slow = processor(
      'slow',
      async () => {
        running += 1
        most = Math.max(most, running)
        await settled()
        running -= 1
        return null
      },
      { atOnce: 2 },
    )
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => run([[slow]])))
    expect(most).toBe(2)
    expect(outcomes.every(({ results }) => results[0]?.details.completed)).toBe(true)
  })

  it('that hangs with all its places keeps others waiting no longer than their time, and nobody of another processor', async () => {
    const { run } = world()
    const hangs = processor('hangs', NEVER, { atOnce: 1, timeoutMilliseconds: 30, required: true })
    const [first, second, other] = await Promise.all([
      run([[hangs]]),
      run([[hangs]]),
      run([[processor('other', async () => ({ note: 1 }))]]),
    ])
    expect([first?.failed, second?.failed, other?.failed]).toEqual(['hangs', 'hangs', null])
  })
})

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settled()
}
