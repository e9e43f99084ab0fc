// Reads the members of a JSON request of another dialect: checked, bounded, and loud about what nobody has read.

import { GatewayError } from '../../../core/errors.ts'
import { createJsonGuard } from '../../../http/json-guard.ts'
import type { Json, JsonObject } from './types.ts'

/** A member that is wrong; `field` is where it stands. */
export class InvalidField extends GatewayError {
  readonly field: string

  constructor(field: string, words: string) {
    super('invalid_request', { message: `${field} ${words}` })
    this.field = field
  }
}

/** What is watched makes the guard look at the keys of the top level, of which none may come twice. */
const GUARD = createJsonGuard({ watch: ['model'] })
/** More things in one list than this are refused: no conversation has so many messages, no message so many parts. */
const LONGEST_LIST = 10_000

/** The body of a request, which must be one JSON object that two parsers read alike. */
export function readFields(body: Buffer): Fields {
  const scan = GUARD.scan(body)
  if (!scan.ok) {
    const key = scan.key === null ? '' : ` ("${scan.key.slice(0, 100)}")`
    throw new InvalidField('The body', `is not a valid JSON object: ${scan.flaw}${key} at byte ${scan.offset}.`)
  }
  const value: Json = JSON.parse(body.toString('utf8'))
  if (!isObject(value)) throw new InvalidField('The body', 'must be a JSON object.')
  return new Fields(value, '')
}

/** Null counts as absent, as it does in the dialects that are read so. */
export class Fields {
  readonly value: JsonObject
  /** dotted, lists as "[]" or with their index */
  readonly path: string
  readonly #read = new Set<string>()

  constructor(value: JsonObject, path: string) {
    this.value = value
    this.path = path
  }

  any(name: string): Json | undefined {
    this.#read.add(name)
    return Object.hasOwn(this.value, name) ? (this.value[name] ?? undefined) : undefined
  }

  text(name: string): string | undefined {
    return this.#typed(name, 'a string', isText)
  }

  neededText(name: string): string {
    return this.text(name) ?? this.#missing(name)
  }

  number(name: string): number | undefined {
    return this.#typed(name, 'a number', isFiniteNumber)
  }

  flag(name: string): boolean | undefined {
    return this.#typed(name, 'true or false', isFlag)
  }

  list(name: string): readonly Json[] | undefined {
    const list = this.#typed(name, 'a list', isList)
    if (list !== undefined && list.length > LONGEST_LIST)
      throw new InvalidField(this.at(name), `may hold at most ${LONGEST_LIST} elements.`)
    return list
  }

  object(name: string): Fields | undefined {
    const value = this.#typed(name, 'an object', isObject)
    return value === undefined ? undefined : new Fields(value, this.at(name))
  }

  neededObject(name: string): Fields {
    return this.object(name) ?? this.#missing(name)
  }

  objects(name: string): Fields[] | undefined {
    return this.list(name)?.map((value, index) => fieldsOf(value, `${this.at(name)}[${index}]`))
  }

  /** One of a closed set of words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const found = words.find((word) => word === text)
    if (found === undefined) throw new InvalidField(this.at(name), `must be one of ${words.join(', ')}.`)
    return found
  }

  neededWord<Word extends string>(name: string, words: readonly Word[]): Word {
    return this.word(name, words) ?? this.#missing(name)
  }

  at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  /** The same without some members; what was read of it stays read. */
  without(names: readonly string[]): Fields {
    const kept = Object.entries(this.value).filter(([name]) => !names.includes(name))
    const rest = new Fields(Object.fromEntries(kept), this.path)
    for (const name of this.#read) rest.#read.add(name)
    return rest
  }

  /** Members that nobody has asked for, with a value. */
  unread(): string[] {
    return Object.keys(this.value)
      .filter((name) => !this.#read.has(name) && this.value[name] !== null)
      .map((name) => this.at(name))
  }

  #typed<Type extends Json>(name: string, words: string, is: (value: Json) => value is Type): Type | undefined {
    const value = this.any(name)
    if (value === undefined || is(value)) return value
    throw new InvalidField(this.at(name), `must be ${words}.`)
  }

  #missing(name: string): never {
    throw new InvalidField(this.at(name), 'is needed.')
  }
}

export function fieldsOf(value: Json, path: string): Fields {
  if (!isObject(value)) throw new InvalidField(path, 'must be an object.')
  return new Fields(value, path)
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isText = (value: Json): value is string => typeof value === 'string'
const isFlag = (value: Json): value is boolean => typeof value === 'boolean'
const isFiniteNumber = (value: Json): value is number => typeof value === 'number' && Number.isFinite(value)
const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** The members that have a value; null when none has. */
export function present<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } | null {
  const pairs = Object.entries(members).filter(([, value]) => value !== undefined)
  return pairs.length === 0
    ? null
    : (Object.fromEntries(pairs) as { [Name in keyof Members]?: Exclude<Members[Name], undefined> })
}
