import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonGuard } from '../../../http/json-guard.ts'
import { editMembers, type MemberEdits } from './native-body.ts'

const NAMES = ['model', 'stream', 'version', 'betas']
const GUARD = createJsonGuard({ watch: NAMES })

function edited(text: string, edits: MemberEdits): string {
  const body = Buffer.from(text)
  const scan = GUARD.scan(body)
  if (!scan.ok) throw new Error(`the guard refused ${text}`)
  return editMembers(body, scan, edits).toString()
}

describe('members of a body', () => {
  const edits = { model: null, stream: null, version: '"v"' }
  it.each([
    ['{"model":"m","max":1}', '{"version":"v","max":1}'],
    ['{"max":1,"model":"m"}', '{"version":"v","max":1}'],
    ['{"max":1.0,"model":"m","stream":true,"b":1e2}', '{"version":"v","max":1.0,"b":1e2}'],
    ['{"model":"m","stream":true}', '{"version":"v"}'],
    ['{ "model" : "m" }', '{"version":"v"  }'],
    ['{}', '{"version":"v"}'],
    [' {"version":1,"\\u006dodel":"m","x":{"model":1}}', ' {"version":"v","x":{"model":1}}'],
    ['{"a":"}\\",model","model":"m"}', '{"version":"v","a":"}\\",model"}'],
  ])('%s becomes %s', (text, wanted) => {
    expect(edited(text, edits)).toBe(wanted)
  })

  it('are the same as if the body had been parsed, changed and written', () => {
    const value = fc.jsonValue({ maxDepth: 2 })
    const object = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), value, { maxKeys: 8 })
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
