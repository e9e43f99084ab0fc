// The register: whatever is added and removed, in whatever order, it holds what a Map would.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HoldRegister, type Registered } from './hold-register.ts'

const memberOf = (id: string): Registered => ({ id, next: null })

describe('the register', () => {
  it('holds what a Map would', () => {
    const id = fc.oneof(fc.nat(40).map(String), fc.string({ maxLength: 8 }))
    const step = fc.record({ id, removes: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const register = new HoldRegister<Registered>()
        const expected = new Map<string, Registered>()
        for (const { id: asked, removes } of steps) {
          if (removes) {
            expect(register.remove(asked)).toBe(expected.get(asked))
            expected.delete(asked)
          } else if (!expected.has(asked)) {
            const member = memberOf(asked)
            register.add(member)
            expected.set(asked, member)
          }
          expect(register.get(asked)).toBe(expected.get(asked))
          expect(register.size).toBe(expected.size)
        }
        expect(new Set(register.values())).toEqual(new Set(expected.values()))
      }),
    )
  })

  it('keeps all of many while it grows, ids that end alike among them', () => {
    const register = new HoldRegister<Registered>()
    const ids = Array.from({ length: 5_000 }, (_, index) => (index % 2 === 0 ? `${index}-same-end` : `call-${index}`))
    for (const id of ids) register.add(memberOf(id))
    expect(ids.every((id) => register.get(id)?.id === id)).toBe(true)
    for (const id of ids) expect(register.remove(id)?.id).toBe(id)
    expect(register.size).toBe(0)
    expect(register.values()).toEqual([])
  })
})
