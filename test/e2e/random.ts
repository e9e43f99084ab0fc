// Seeded random choices: the seed is printed, and a run with the same seed makes the same choices.

export type Choices = {
  readonly seed: number
  /** [0, 1) */
  next(): number
  /** a whole number from 0 to below `limit` */
  below(limit: number): number
  pick<Item>(items: readonly Item[]): Item
  /** true with this probability */
  chance(probability: number): boolean
}

const USUAL_SEED = 20_261_120

/**
 * The same choices every time, so that a change is judged by what it changed; WEIGHBRIDGE_TEST_SEED=random looks for what they do not
 * find, and a number repeats what was found. The seed is printed with the name of the test.
 */
export function choicesFor(name: string): Choices {
  const given = process.env.WEIGHBRIDGE_TEST_SEED ?? String(USUAL_SEED)
  const seed = given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given)
  process.stdout.write(`${name}: seed ${seed} (WEIGHBRIDGE_TEST_SEED=${seed} makes the same choices)\n`)
  return choicesFrom(seed)
}

export function choicesFrom(seed: number): Choices {
  let state = seed | 0
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    seed,
    next,
    below: (limit) => Math.floor(next() * limit),
    pick(items) {
      const item = items[Math.floor(next() * items.length)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    chance: (probability) => next() < probability,
  }
}
