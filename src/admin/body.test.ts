// JSON bodies of the admin API are read strictly.

import { describe, expect, it } from 'vitest'
import { readJson, refuseHostileText } from './body.ts'

const read = (text: string): unknown => readJson(Buffer.from(text))
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('a JSON body', () => {
  it('is what JSON says', () => {
    expect(read('{"a":[1,"ä😀",null,{"b":true}]}')).toEqual({ a: [1, 'ä😀', null, { b: true }] })
    expect(read('')).toBeUndefined()
  })

  it('is nested at most 32 deep; brackets inside text do not count', () => {
    expect(() => read(nested(32))).not.toThrow()
    expect(() => read(nested(33))).toThrow('nested too deeply')
    expect(() => read(`{"a":"${'[{'.repeat(100)}"}`)).not.toThrow()
    expect(() => read(`{"a":"\\"${'[{'.repeat(100)}"}`)).not.toThrow()
    expect(() => read(`{"a\\\\":${nested(32)}}`)).toThrow('nested too deeply')
  })

  it('is refused in time that grows with its length, not with its depth', () => {
    expect(() => read('['.repeat(500_000))).toThrow('nested too deeply')
    expect(() => read('{"a":'.repeat(200_000))).toThrow('nested too deeply')
  })

  it.each([
    ['{"a":', 'not valid JSON'],
    ['{"a":1}x', 'not valid JSON'],
    ["{'a':1}", 'not valid JSON'],
    ['{"a":NaN}', 'not valid JSON'],
    ['\ufeff{}', 'not valid JSON'],
    ['{"a":"\\u0000"}', 'a must not hold control characters'],
    ['{"a":{"b":["x","\\u001b[2J"]}}', 'a.b[1] must not hold control characters'],
    ['{"a":"\\ud800"}', 'a must be well-formed Unicode'],
    ['{"a\\u0007":1}', 'control characters'],
    ['{"__proto__":{}}', '__proto__ is not a field'],
    ['{"a":{"constructor":{}}}', 'a.constructor is not a field'],
  ])('%j is refused: %s', (text, words) => {
    expect(() => read(text)).toThrow(words)
  })

  it('that is not UTF-8 is refused', () => {
    expect(() => readJson(Buffer.from([0x22, 0xc0, 0xaf, 0x22]))).toThrow('not valid JSON')
  })

  it('of bytes is not looked into', () => {
    expect(() => refuseHostileText(Buffer.from([0, 1, 2]))).not.toThrow()
  })
})
