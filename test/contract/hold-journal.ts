// What every HoldJournal must do.

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ROUTINGS, TIERS } from '../../src/core/model.ts'
import { picoUsd } from '../../src/core/money.ts'
import type { Hold, HoldJournal } from '../../src/core/reservation.ts'
import { NOON } from './entries.ts'

/** Each `open` is a new process that finds what the one before left when it died. */
export type HoldJournalPlace = { readonly open: () => HoldJournal; readonly remove: () => void }

export const aHold = (requestId: string, changes: Partial<Hold> = {}): Hold => ({
  requestId,
  tenantId: 'team-a',
  keyId: 'key-a',
  modelId: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
  baseModel: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
  routing: 'regional',
  region: 'eu-central-1',
  tier: 'standard',
  operation: 'Converse',
  surface: 'bedrock',
  startedAt: NOON,
  metadata: {},
  heldCost: picoUsd(61_440_000_000n),
  heldTokens: 4_396,
  inputTokensEstimate: 300,
  ...changes,
})

const text = fc.string({ unit: 'grapheme', maxLength: 30 }).map((value) => value.replaceAll(/[^ -\uffff]/g, ''))

const arbitraryHold: fc.Arbitrary<Hold> = fc.record({
  requestId: fc.uuid(),
  tenantId: text,
  keyId: text,
  modelId: text,
  baseModel: fc.option(text),
  routing: fc.constantFrom(...ROUTINGS),
  region: text,
  tier: fc.constantFrom(...TIERS),
  operation: fc.constant('Converse'),
  surface: fc.constant('bedrock'),
  startedAt: fc.nat(),
  metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
  heldCost: fc.option(fc.bigInt(0n, 2n ** 80n).map(picoUsd)),
  heldTokens: fc.nat(),
  inputTokensEstimate: fc.nat(),
})

const byId = (holds: readonly Hold[]): Hold[] =>
  holds.toSorted((left, right) => (left.requestId < right.requestId ? -1 : 1))

export function holdJournalContract(name: string, makePlace: () => HoldJournalPlace): void {
  describe(`${name}: a hold journal`, () => {
    let place: HoldJournalPlace
    const open = (): HoldJournal => place.open()
    const recovered = (): string[] =>
      open()
        .recover()
        .map((hold) => hold.requestId)
        .toSorted()

    beforeEach(() => {
      place = makePlace()
    })
    afterEach(() => place.remove())

    it('has nothing to recover at first', () => {
      expect(open().recover()).toEqual([])
    })

    it('gives back any hold that was not closed', () => {
      fc.assert(
        fc.property(fc.uniqueArray(arbitraryHold, { selector: (hold) => hold.requestId }), (holds) => {
          const scratch = makePlace()
          const journal = scratch.open()
          for (const hold of holds) journal.open(hold)
          expect(byId(scratch.open().recover())).toEqual(byId(holds))
          scratch.remove()
        }),
        { numRuns: 25 },
      )
    })

    it('is there for the next process without any wait, and durable after one', async () => {
      open().open(aHold('a'))
      expect(recovered()).toEqual(['a'])
      const journal = open()
      journal.open(aHold('b'))
      await expect(journal.durable('b')).resolves.toBeUndefined()
      await expect(journal.durable('b')).resolves.toBeUndefined()
      await expect(journal.durable('never opened')).resolves.toBeUndefined()
      expect(recovered()).toEqual(['a', 'b'])
    })

    it('recovers again what was not closed after a recovery', () => {
      open().open(aHold('a'))
      open().open(aHold('b'))
      expect(recovered()).toEqual(['a', 'b'])
      expect(recovered()).toEqual(['a', 'b'])
    })

    it('forgets what was closed, by this process or the next', async () => {
      const first = open()
      for (const id of ['a', 'b', 'c']) first.open(aHold(id))
      first.close('a')
      first.close('unknown')
      await first.shutdown()
      const second = open()
      expect(second.recover().map((hold) => hold.requestId)).toEqual(['b', 'c'])
      second.close('b')
      await second.shutdown()
      expect(recovered()).toEqual(['c'])
    })

    it('takes no hold after shutdown', async () => {
      const journal = open()
      await journal.shutdown()
      await journal.shutdown()
      expect(() => journal.open(aHold('a'))).toThrow('closed')
      journal.close('a')
    })

    it('refuses an id that it could not give back', () => {
      const journal = open()
      expect(() => journal.open(aHold('a', { modelId: 'a\u001fb' }))).toThrow(RangeError)
      journal.open(aHold('b'))
      expect(recovered()).toEqual(['b'])
    })

    it('is right after any sequence of opens, closes, deaths and shutdowns', async () => {
      const step = fc.oneof(
        fc.record({ do: fc.constant('open' as const), id: fc.nat(40) }),
        fc.record({ do: fc.constant('close' as const), id: fc.nat(40) }),
        fc.record({ do: fc.constant('shutdown' as const), id: fc.constant(0) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
          const scratch = makePlace()
          let journal = scratch.open()
          const expected = new Set<string>()
          for (const { do: what, id } of steps) {
            if (what === 'open' && !expected.has(`${id}`)) {
              journal.open(aHold(`${id}`))
              expected.add(`${id}`)
            } else if (what === 'close') {
              journal.close(`${id}`)
              expected.delete(`${id}`)
            } else if (what === 'shutdown') {
              await journal.shutdown()
              journal = scratch.open()
            }
          }
          await journal.shutdown()
          const left = scratch
            .open()
            .recover()
            .map((hold) => hold.requestId)
          expect(left.toSorted()).toEqual([...expected].toSorted())
          scratch.remove()
        }),
        { numRuns: 25 },
      )
    })
  })
}
