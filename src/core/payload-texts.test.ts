// Texts of a payload are found where the paths say, and nothing in a payload can make that take long or throw.

import { describe, expect, it } from 'vitest'
import { charactersIn, textsAt } from './payload-texts.ts'

const PAYLOAD = {
  system: 'be brief',
  messages: [
    { role: 'user', content: 'one' },
    { role: 'user', content: [{ text: 'two' }, { image: 'AAAA' }, { text: 'three' }] },
  ],
}

describe('texts at paths', () => {
  it('are those that there are, in the order of the paths', () => {
    expect(textsAt(PAYLOAD, ['messages.*.content', 'messages.*.content.*.text', 'system', 'prompt'])).toEqual([
      'one',
      'two',
      'three',
      'be brief',
    ])
  })

  it.each([[null], ['text'], [7], [[]], [{ messages: 'x' }], [{ messages: { '*': 'x' } }]])(
    'are none in %j',
    (payload) => {
      expect(textsAt(payload, ['messages.*.content', 'constructor.name', '__proto__'])).toEqual([])
    },
  )

  it('are a bounded number', () => {
    const items = Array.from({ length: 50_000 }, () => ({ text: 'x' }))
    expect(textsAt({ items }, ['items.*.text'])).toHaveLength(10_000)
  })
})

describe('characters', () => {
  it('are those of all texts, however deep', () => {
    expect(charactersIn(PAYLOAD)).toBe('be brief'.length + 'user'.length * 2 + 'onetwothreeAAAA'.length)
    let deep: unknown = 'x'
    for (let at = 0; at < 200_000; at++) deep = [deep]
    expect(charactersIn(deep)).toBe(1)
    expect(charactersIn(7)).toBe(0)
  })
})
