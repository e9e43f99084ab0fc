// Every case of test/fixtures/usage: exact numbers, and the same numbers however the bytes are cut.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytesOf,
  cutAt,
  fixtureNames,
  loadFixture,
  questionOf,
  readWith,
} from '../../../../test/fixtures/usage/load.ts'
import { createBedrockTap } from './index.ts'

const NOT_BEDROCK = ['sagemaker']

for (const fixture of fixtureNames().filter((name) => !NOT_BEDROCK.includes(name))) {
  const { modelledOn, cases } = loadFixture(fixture)

  describe(`usage of ${fixture}`, () => {
    it('says what it is modelled on', () => {
      expect(modelledOn.length).toBeGreaterThan(0)
      for (const source of modelledOn) expect(source).toMatch(/\(20\d\d-\d\d\)$/)
    })

    for (const given of cases) {
      const read = (pieces: readonly Buffer[]) => readWith(createBedrockTap(questionOf(given)), given, pieces)

      it(`${given.name}: exact`, () => {
        expect(read([bytesOf(given)])).toMatchObject(given.expect)
        // toMatchObject lets more quantities through: there must be none
        const quantities = read([bytesOf(given)]).usage?.quantities
        if (given.expect.usage) expect(quantities).toStrictEqual(given.expect.usage.quantities)
      })

      it(`${given.name}: in any cuts`, () => {
        const bytes = bytesOf(given)
        const whole = read([bytes])
        const everyByte = cutAt(bytes, [...bytes.keys()])
        expect(read(everyByte)).toStrictEqual(whole)
        fc.assert(
          fc.property(fc.array(fc.nat(), { maxLength: 12 }), (places) => {
            expect(read(cutAt(bytes, places))).toStrictEqual(whole)
          }),
          { numRuns: 30 },
        )
      })
    }
  })
}
