// The prompt cache keeps what was written until its time is over, per scope, and never counts a token twice.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Breakpoint, createPromptCache, nothing } from './prompt-cache.ts'

const MINUTE = 60_000
const cache = () => createPromptCache((text) => text)
const point = (prefix: string, tokens: number, ttl: '5m' | '1h' = '5m'): Breakpoint => ({
  prefix,
  tokens,
  ttl,
  earlier: [],
})

describe('take', () => {
  it('writes, then reads while it lives; each read renews it', () => {
    const one = cache()
    expect(one.take('s', 0, [point('a', 2000)])).toEqual({ ...nothing(), written5m: 2000 })
    expect(one.take('s', 4 * MINUTE, [point('a', 2000)])).toEqual({ ...nothing(), read: 2000 })
    expect(one.take('s', 8 * MINUTE, [point('a', 2000)])).toEqual({ ...nothing(), read: 2000 })
    expect(one.take('s', 13 * MINUTE, [point('a', 2000)])).toEqual({ ...nothing(), written5m: 2000 })
    expect(one.take('other', 13 * MINUTE, [point('a', 2000)])).toEqual({ ...nothing(), written5m: 2000 })
  })

  it('reads the longest stored prefix and writes the rest, by the lifetime of each part', () => {
    const one = cache()
    one.take('s', 0, [point('a', 2000, '1h')])
    const both = [point('a', 2000, '1h'), point('ab', 3000), point('abc', 3500)]
    expect(one.take('s', 0, both)).toEqual({ ...nothing(), read: 2000, written5m: 1500 })
    expect(one.take('s', 0, both)).toEqual({ ...nothing(), read: 3500 })
    expect(one.take('s', 30 * MINUTE, both)).toEqual({ ...nothing(), read: 2000, written5m: 1500 })
  })

  it('looks at the blocks before a breakpoint', () => {
    const one = cache()
    one.take('s', 0, [point('a', 2000)])
    const later = {
      ...point('abc', 2600),
      earlier: [
        { prefix: 'ab', tokens: 2300 },
        { prefix: 'a', tokens: 2000 },
      ],
    }
    expect(one.take('s', 0, [later])).toEqual({ ...nothing(), read: 2000, written5m: 600 })
  })

  it('caches nothing that is too short', () => {
    const one = cache()
    expect(one.take('s', 0, [point('a', 1023)])).toEqual(nothing())
    expect(one.take('s', 0, [point('a', 1023)])).toEqual(nothing())
  })

  it('never counts more than the last breakpoint, and always exactly that', () => {
    const prompts = fc.array(
      fc.array(fc.record({ step: fc.integer({ min: 0, max: 3000 }), ttl: fc.constantFrom('5m', '1h') }), {
        maxLength: 4,
      }),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(prompts, fc.integer({ min: 0, max: 10 }), (calls, minutes) => {
        const one = cache()
        calls.forEach((steps, index) => {
          let tokens = 1024
          let prefix = 'p'
          const breakpoints = steps.map(({ step, ttl }) => {
            tokens += step
            prefix += `/${step}`
            return { ...point(prefix, tokens), ttl }
          })
          const counts = one.take('s', index * minutes * MINUTE, breakpoints)
          const sum = counts.read + counts.written5m + counts.written30m + counts.written1h
          expect(sum).toBe(breakpoints.at(-1)?.tokens ?? 0)
        })
      }),
    )
  })
})

describe('open', () => {
  it('answers for the part beyond the breakpoint before, so the answers add up', () => {
    const one = cache()
    const first = one.open('s', 0)
    expect(first.touch('a', 2000, '1h')).toEqual({ ...nothing(), written1h: 2000 })
    expect(first.touch('ab', 3000, '30m')).toEqual({ ...nothing(), written30m: 1000 })
    const second = one.open('s', 20 * MINUTE)
    expect(second.peek('ab')).toBe(true)
    expect(second.touch('a', 2000, '1h')).toEqual({ ...nothing(), read: 2000 })
    expect(second.touch('ab', 3000, '30m')).toEqual({ ...nothing(), read: 1000 })
    expect(one.open('s', 20 * MINUTE).peek('abc')).toBe(false)
  })
})
