// The checker of request bodies: one row for each of the words in which Bedrock refuses.
import { describe, expect, it } from 'vitest'
import { FamilyValidationError, type JsonObject } from '../family.ts'
import { boolean, checkBody, either, integer, list, number, object, oneOf, open, text } from './schema.ts'

const SCHEMA = object(
  {
    name: text(2, 4),
    colour: oneOf('red', 'blue'),
    count: integer(1, 3),
    share: number(0, 1),
    yes: boolean,
    items: list(text(), 1, 2),
    either: either(text(), list(object({ type: text() }, ['type']))),
    inner: open({ depth: integer() }),
  },
  ['name'],
)

describe('the checker of request bodies', () => {
  const good: JsonObject = { name: 'abc', colour: 'red', count: 2, share: 0.5, yes: true, items: ['x'], either: 'x' }

  it('lets a good body pass, and unknown members where the schema is open', () => {
    expect(() => checkBody({ ...good, inner: { depth: 1, more: [1] } }, SCHEMA)).not.toThrow()
    expect(() => checkBody({ ...good, either: [{ type: 'x' }] }, SCHEMA)).not.toThrow()
  })

  const rows: readonly (readonly [JsonObject, string])[] = [
    [{ name: 'a' }, '#/name: expected minLength: 2, actual: 1'],
    [{ name: 'abcde' }, '#/name: expected maxLength: 4, actual: 5'],
    [{ name: 7 }, '#/name: expected type: String, found: Integer'],
    [{ colour: 'green' }, '#/colour: green is not a valid enum value'],
    [{ count: 0 }, '#/count: 0 is not greater or equal to 1'],
    [{ count: 4 }, '#/count: 4 is not less or equal to 3'],
    [{ count: 1.5 }, '#/count: expected type: Integer, found: Double'],
    [{ share: '1' }, '#/share: expected type: Number, found: String'],
    [{ yes: null }, '#/yes: expected type: Boolean, found: Null'],
    [{ items: [] }, '#/items: expected minimum item count: 1, found: 0'],
    [{ items: ['x', 'y', 'z'] }, '#/items: expected maximum item count: 2, found: 3'],
    [{ items: ['x', true] }, '#/items/1: expected type: String, found: Boolean'],
    [{ items: {} }, '#/items: expected type: JSONArray, found: JSONObject'],
    [{ either: [{}] }, '#/either/0: required key [type] not found'],
    [{ either: 3 }, '#/either: expected type: String, found: Integer'],
    [{ inner: [] }, '#/inner: expected type: JSONObject, found: JSONArray'],
    [{ other: 1 }, '#: extraneous key [other] is not permitted'],
    [JSON.parse('{"__proto__":1}') as JsonObject, '#: extraneous key [__proto__] is not permitted'],
  ]

  it.each(rows)('refuses %j', (more, words) => {
    const body = Object.assign(Object.create(null) as JsonObject, good)
    for (const [name, value] of Object.entries(more)) Object.defineProperty(body, name, { value, enumerable: true })
    const refusal = new FamilyValidationError(
      `Malformed input request: ${words}, please reformat your input and try again.`,
    )
    expect(() => checkBody(body, SCHEMA)).toThrow(refusal)
  })

  it('names every violation at once', () => {
    expect(() => checkBody({ count: 9, other: 1 }, SCHEMA)).toThrow(
      '#: required key [name] not found#/count: 9 is not less or equal to 3#: extraneous key [other] is not permitted,',
    )
  })
})
