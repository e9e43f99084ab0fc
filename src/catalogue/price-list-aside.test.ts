// A price list is read in a process of its own, within its bounds.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readPriceList } from './aws-price-list.ts'
import { readPriceListAside } from './price-list-aside.ts'

const FILE = readFileSync(
  join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'aws-price-list', 'amazon-bedrock.json'),
)

describe('a price list read aside', () => {
  it('is the one that is read here', async () => {
    const reading = await readPriceListAside(FILE)
    expect(reading.prices.length).toBeGreaterThan(10)
    expect(reading).toEqual(readPriceList(FILE))
  })

  it('leaves the event loop free', async () => {
    let turns = 0
    const counting = setInterval(() => (turns += 1), 1)
    const reading = readPriceListAside(FILE)
    await new Promise((resolve) => setImmediate(resolve))
    await reading
    clearInterval(counting)
    expect(turns).toBeGreaterThan(0)
  })

  it.each([
    ['no JSON', 'x'],
    ['another list', '{"offerCode":"AmazonEC2"}'],
  ])('that is %s is refused in words', async (_, text) => {
    await expect(readPriceListAside(Buffer.from(text))).rejects.toThrow(RangeError)
  })

  it('that takes too much memory, or too long, is given up', async () => {
    const deep = Buffer.from(`[${'{"a":[1,2,3]},'.repeat(2_000_000)}1]`)
    await expect(readPriceListAside(deep, { mostMegabytes: 64 })).rejects.toThrow(/may take 64 MB/)
    await expect(readPriceListAside(FILE, { longestMilliseconds: 0 })).rejects.toThrow(/took more than 0 seconds/)
  })
})
