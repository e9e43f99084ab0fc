// Refused calls are remembered within a bound, so that they can be explained.

import { describe, expect, it } from 'vitest'
import type { RefusedCall } from '../core/refused-call.ts'
import { createRefusedCalls } from './refused-calls.ts'

const refused = (requestId: string, tenantId: string | null = 'alpha'): RefusedCall => ({
  requestId,
  at: 1,
  code: 'rate_limited',
  message: 'no',
  tenantId,
  keyId: 'key',
  operation: 'Converse',
  modelId: 'model',
  surface: 'bedrock',
})

describe('refused calls', () => {
  it('are found by their request id, the last so many', () => {
    const calls = createRefusedCalls(3)
    for (const id of ['a', 'b', 'c', 'd']) calls.keep(refused(id))
    expect(['a', 'b', 'c', 'd', 'e'].map((id) => calls.find(id)?.requestId)).toEqual([
      undefined,
      'b',
      'c',
      'd',
      undefined,
    ])
  })

  it('of strangers push out none of the others', () => {
    const calls = createRefusedCalls(20)
    calls.keep(refused('a'))
    for (let count = 0; count < 1_000; count += 1) calls.keep(refused(`stranger-${count}`, null))
    expect(calls.find('a')).not.toBeNull()
    expect([997, 998, 999].map((count) => calls.find(`stranger-${count}`) !== null)).toEqual([false, true, true])
  })

  it('are none when none are to be kept', () => {
    const calls = createRefusedCalls(0)
    calls.keep(refused('a'))
    expect(calls.find('a')).toBeNull()
  })
})
