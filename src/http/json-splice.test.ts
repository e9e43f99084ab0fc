// The JSON splice: what it writes is there, and every other byte is as it was.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonGuard } from './json-guard.ts'
import { createJsonSplicer, editMembers, type MemberEdits } from './json-splice.ts'

const PATHS = ['tier', 'meta', 'config.cap', 'config.stop'] as const
type Path = (typeof PATHS)[number]
const splicer = createJsonSplicer(PATHS)

function spliced(body: string, values: Partial<Record<Path, string>>): string {
  const found = splicer.splice(Buffer.from(body), () => values)
  if (!found.ok) throw new Error(`${found.flaw} at ${found.offset}`)
  return found.body.toString()
}

describe('createJsonSplicer', () => {
  it.each<[string, Partial<Record<Path, string>>, string]>([
    ['{"a":1}', { tier: '"flex"' }, '{"tier":"flex","a":1}'],
    [' { } ', { tier: '1', meta: '{}' }, ' {"tier":1,"meta":{} } '],
    ['{"a": 1.50, "tier" : "x" ,"b":2}', { tier: '"flex"' }, '{"a": 1.50, "tier" : "flex" ,"b":2}'],
    ['{"t\\u0069er":1}', { tier: '2' }, '{"t\\u0069er":2}'],
    ['{"a":{"tier":1}}', { tier: '2' }, '{"tier":2,"a":{"tier":1}}'],
    ['{"a":1}', { 'config.cap': '7', 'config.stop': '[]' }, '{"config":{"cap":7,"stop":[]},"a":1}'],
    ['{"config":null}', { 'config.cap': '7' }, '{"config":{"cap":7}}'],
    ['{"config": {"x":1}}', { 'config.cap': '7' }, '{"config": {"cap":7,"x":1}}'],
    ['{"config":{"cap":9,"x":1},"meta":0}', { 'config.cap': '7', meta: '1' }, '{"config":{"cap":7,"x":1},"meta":1}'],
    ['{"é":"€"}', { tier: '"ü"' }, '{"tier":"ü","é":"€"}'],
    ['{"a":1}', {}, '{"a":1}'],
  ])('%s with %j becomes %s', (body, values, expected) => {
    expect(spliced(body, values)).toBe(expected)
  })

  it('shows what a member was before it chooses', () => {
    const found = splicer.splice(Buffer.from('{"meta":{"a":"1"},"config":{"cap":3}}'), (read) => ({
      meta: JSON.stringify({ ...(JSON.parse(read('meta') ?? '{}') as object), b: read('tier') ?? 'none' }),
      'config.cap': String(Number(read('config.cap')) - 1),
    }))
    expect(found).toMatchObject({ ok: true, body: Buffer.from('{"meta":{"a":"1","b":"none"},"config":{"cap":2}}') })
  })

  it.each<[string, string, number, string | null]>([
    ['', 'syntax', 0, null],
    ['[1]', 'not_an_object', 0, null],
    ['"text"', 'not_an_object', 0, null],
    ['{"config":[1]}', 'not_an_object', 10, 'config'],
    ['{"config":"x"}', 'not_an_object', 10, 'config'],
    ['{"tier":1,"ti\\u0065r":2}', 'duplicate_key', 10, 'tier'],
    ['{"config":{"cap":1,"cap":2}}', 'duplicate_key', 19, 'cap'],
    ['{"a":1}}', 'trailing_bytes', 7, null],
  ])('refuses %s: %s', (body, flaw, offset, key) => {
    const found = splicer.splice(Buffer.from(body), () => ({ 'config.cap': '1' }))
    expect(found).toEqual({ ok: false, flaw, offset, key })
  })

  it.each([
    ['meta', 'meta.inner'],
    ['a.b.c', 'x'],
  ])('cannot be made for %s and %s', (one, other) => {
    expect(() => createJsonSplicer([one, other])).toThrow(RangeError)
  })

  it('changes for JSON.parse exactly what it was told to, and no byte beside it', () => {
    fc.assert(
      fc.property(arbitraryBody, fc.constantFrom(...PATHS), fc.jsonValue(), ([value, text], path, member) => {
        const json = JSON.stringify(member)
        const before = Buffer.from(text)
        const after = Buffer.from(spliced(text, { [path]: json }))
        expect(JSON.parse(after.toString())).toEqual(JSON.parse(JSON.stringify(withMember(value, path, member))))
        const old = memberOf(text, path) ?? ''
        expect(sameAround(before, after)).toBeGreaterThanOrEqual(before.length - Buffer.byteLength(old))
      }),
      { numRuns: 500 },
    )
  })
})

const PARTS = fc.record(
  {
    tier: fc.jsonValue(),
    meta: fc.jsonValue(),
    config: fc.dictionary(fc.constantFrom('cap', 'stop', 'x', 'é'), fc.jsonValue()),
  },
  { requiredKeys: [] },
)

/** A value and one of the ways to write it down. */
const arbitraryBody = fc
  .tuple(
    fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
    PARTS,
    fc.constantFrom('', ' ', '\n\t'),
    fc.boolean(),
  )
  .map(([around, parts, space, first]): [Record<string, unknown>, string] => {
    const value = first ? { ...parts, ...around, ...parts } : { ...around, ...parts }
    return [value, `${space}${JSON.stringify(value, null, space)}${space}`]
  })

function withMember(value: Record<string, unknown>, path: Path, member: unknown): Record<string, unknown> {
  const [parent = '', name] = path.split('.')
  if (name === undefined) return { ...value, [parent]: member }
  return { ...value, [parent]: { ...(value[parent] as object | undefined), [name]: member } }
}

/** How the member at the path is written; undefined: it is not there. */
function memberOf(text: string, path: Path): string | undefined {
  let written: string | undefined
  splicer.splice(Buffer.from(text), (read) => {
    written = read(path)
    return {}
  })
  return written
}

/** How many bytes both begin and end with. */
function sameAround(one: Buffer, other: Buffer): number {
  const most = Math.min(one.length, other.length)
  let front = 0
  while (front < most && one[front] === other[front]) front++
  let back = 0
  while (back < most - front && one[one.length - 1 - back] === other[other.length - 1 - back]) back++
  return front + back
}

const NAMES = ['model', 'stream', 'version', 'betas']
const GUARD = createJsonGuard({ watch: NAMES })

function edited(text: string, edits: MemberEdits): string {
  const body = Buffer.from(text)
  const scan = GUARD.scan(body)
  if (!scan.ok) throw new Error(`the guard refused ${text}`)
  return editMembers(body, scan, edits).toString()
}

describe('members that are put in, written anew or taken out', () => {
  const edits = { model: null, stream: null, version: '"v"' }
  it.each([
    ['{"model":"m","max":1}', '{"version":"v","max":1}'],
    ['{"max":1,"model":"m"}', '{"version":"v","max":1}'],
    ['{"max":1.0,"model":"m","stream":true,"b":1e2}', '{"version":"v","max":1.0,"b":1e2}'],
    ['{"model":"m","stream":true}', '{"version":"v"}'],
    ['{"model":"m", "stream":true , "max":1}', '{"version":"v",  "max":1}'],
    ['{"model":"m","max":1,"stream":true}', '{"version":"v","max":1}'],
    ['{ "model" : "m" }', '{"version":"v"  }'],
    ['{}', '{"version":"v"}'],
    [' {"version":1,"\\u006dodel":"m","x":{"model":1}}', ' {"version":"v","x":{"model":1}}'],
    ['{"a":"}\\",model","model":"m"}', '{"version":"v","a":"}\\",model"}'],
  ])('%s becomes %s', (text, wanted) => {
    expect(edited(text, edits)).toBe(wanted)
  })

  it('are the same as if the body had been parsed, changed and written', () => {
    const value = fc.jsonValue({ maxDepth: 2 })
    const object = fc.dictionary(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, fc.string()), value, {
      maxKeys: 8,
    })
    const change = fc.dictionary(fc.constantFrom(...NAMES), fc.option(value))
    fc.assert(
      fc.property(object, change, fc.constantFrom(0, 1, 2), (body, changes, indent) => {
        // JSON knows no minus zero, and __proto__ is not a member by name
        const wanted = new Map(Object.entries(JSON.parse(JSON.stringify(body)) as Record<string, unknown>))
        for (const [name, json] of Object.entries(changes)) {
          if (json === null) wanted.delete(name)
          else wanted.set(name, JSON.parse(JSON.stringify(json)))
        }
        const texts = Object.entries(changes).map(([name, json]) => [name, json === null ? null : JSON.stringify(json)])
        const made = edited(JSON.stringify(body, null, indent), Object.fromEntries(texts) as MemberEdits)
        expect(new Map(Object.entries(JSON.parse(made) as object))).toEqual(wanted)
      }),
    )
  })
})
