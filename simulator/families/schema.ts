// Checks a request body against a family's schema and refuses it in Bedrock's words ("Malformed input request: ...").
import { FamilyValidationError, type Json, type JsonObject } from '../family.ts'

/** A part of JSON Schema, enough for the request bodies of the model families. */
export type Schema =
  | { type: 'string'; minLength?: number; maxLength?: number; oneOf?: readonly string[] }
  | { type: 'integer' | 'number'; minimum?: number; maximum?: number }
  | { type: 'boolean' }
  | { type: 'array'; items?: Schema; minItems?: number; maxItems?: number }
  | { type: 'object'; properties?: { readonly [name: string]: Schema }; required?: readonly string[]; extra?: boolean }
  | { type: 'either'; of: readonly Schema[] }
  | { type: 'any' }

/** Throws with every violation; the words are those of the checker that Bedrock uses (seen in public error reports, 2024 to 2026). */
export function checkBody(body: JsonObject, schema: Schema): void {
  const violations: string[] = []
  check(body, schema, '#', violations)
  if (violations.length === 0) return
  refuse(violations.join(''))
}

/** Refuses in the same form, for rules that a schema cannot say. */
export function refuse(violation: string): never {
  throw new FamilyValidationError(`Malformed input request: ${violation}, please reformat your input and try again.`)
}

export const text = (minLength?: number, maxLength?: number): Schema => ({
  type: 'string',
  ...(minLength === undefined ? {} : { minLength }),
  ...(maxLength === undefined ? {} : { maxLength }),
})

export const oneOf = (...names: readonly string[]): Schema => ({ type: 'string', oneOf: names })

export const integer = (minimum?: number, maximum?: number): Schema => bounded('integer', minimum, maximum)

export const number = (minimum?: number, maximum?: number): Schema => bounded('number', minimum, maximum)

export const list = (items: Schema, minItems?: number, maxItems?: number): Schema => ({
  type: 'array',
  items,
  ...(minItems === undefined ? {} : { minItems }),
  ...(maxItems === undefined ? {} : { maxItems }),
})

/** An object that knows its keys; others are refused unless `open`. */
export const object = (properties: { readonly [name: string]: Schema }, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
})

export const open = (properties: { readonly [name: string]: Schema }, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required,
  extra: true,
})

export const either = (...of: readonly Schema[]): Schema => ({ type: 'either', of })

export const boolean: Schema = { type: 'boolean' }

export const any: Schema = { type: 'any' }

function bounded(type: 'integer' | 'number', minimum?: number, maximum?: number): Schema {
  return {
    type,
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
  }
}

function check(value: Json, schema: Schema, path: string, violations: string[]): void {
  switch (schema.type) {
    case 'any':
      return
    case 'either':
      return checkEither(value, schema.of, path, violations)
    case 'string':
      return checkString(value, schema, path, violations)
    case 'integer':
    case 'number':
      return checkNumber(value, schema, path, violations)
    case 'boolean':
      return expectType(typeof value === 'boolean', 'Boolean', value, path, violations)
    case 'array':
      return checkArray(value, schema, path, violations)
    case 'object':
      return checkObject(value, schema, path, violations)
  }
}

function checkEither(value: Json, schemas: readonly Schema[], path: string, violations: string[]): void {
  const attempts = schemas.map((schema) => {
    const found: string[] = []
    check(value, schema, path, found)
    return found
  })
  if (attempts.some((found) => found.length === 0)) return
  // the alternative whose type fits says most about what is wrong
  const best = attempts.find((found) => !found.some((violation) => violation.startsWith(`${path}: expected type`)))
  violations.push(...(best ?? attempts[0] ?? []))
}

function checkString(
  value: Json,
  schema: Extract<Schema, { type: 'string' }>,
  path: string,
  violations: string[],
): void {
  if (typeof value !== 'string') return expectType(false, 'String', value, path, violations)
  if (schema.minLength !== undefined && value.length < schema.minLength)
    violations.push(`${path}: expected minLength: ${schema.minLength}, actual: ${value.length}`)
  if (schema.maxLength !== undefined && value.length > schema.maxLength)
    violations.push(`${path}: expected maxLength: ${schema.maxLength}, actual: ${value.length}`)
  if (schema.oneOf !== undefined && !schema.oneOf.includes(value))
    violations.push(`${path}: ${value.slice(0, 64)} is not a valid enum value`)
}

function checkNumber(
  value: Json,
  schema: Extract<Schema, { type: 'integer' | 'number' }>,
  path: string,
  violations: string[],
): void {
  if (typeof value !== 'number') return expectType(false, typeWord(schema.type), value, path, violations)
  if (schema.type === 'integer' && !Number.isInteger(value))
    return expectType(false, 'Integer', value, path, violations)
  if (schema.minimum !== undefined && value < schema.minimum)
    violations.push(`${path}: ${value} is not greater or equal to ${schema.minimum}`)
  if (schema.maximum !== undefined && value > schema.maximum)
    violations.push(`${path}: ${value} is not less or equal to ${schema.maximum}`)
}

function checkArray(value: Json, schema: Extract<Schema, { type: 'array' }>, path: string, violations: string[]): void {
  if (!Array.isArray(value)) return expectType(false, 'JSONArray', value, path, violations)
  if (schema.minItems !== undefined && value.length < schema.minItems)
    violations.push(`${path}: expected minimum item count: ${schema.minItems}, found: ${value.length}`)
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    violations.push(`${path}: expected maximum item count: ${schema.maxItems}, found: ${value.length}`)
    return
  }
  const { items } = schema
  if (items === undefined) return
  value.forEach((item, index) => check(item, items, `${path}/${index}`, violations))
}

function checkObject(
  value: Json,
  schema: Extract<Schema, { type: 'object' }>,
  path: string,
  violations: string[],
): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return expectType(false, 'JSONObject', value, path, violations)
  for (const name of schema.required ?? [])
    if (!Object.hasOwn(value, name)) violations.push(`${path}: required key [${name}] not found`)
  const { properties } = schema
  if (properties === undefined) return
  for (const [name, member] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (known !== undefined) check(member, known, `${path}/${name}`, violations)
    else if (schema.extra !== true) violations.push(`${path}: extraneous key [${name}] is not permitted`)
  }
}

function expectType(right: boolean, expected: string, value: Json, path: string, violations: string[]): void {
  if (!right) violations.push(`${path}: expected type: ${expected}, found: ${foundType(value)}`)
}

const typeWord = (type: 'integer' | 'number'): string => (type === 'integer' ? 'Integer' : 'Number')

function foundType(value: Json): string {
  if (value === null) return 'Null'
  if (Array.isArray(value)) return 'JSONArray'
  if (typeof value === 'object') return 'JSONObject'
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Double'
  return typeof value === 'boolean' ? 'Boolean' : 'String'
}
