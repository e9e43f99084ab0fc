// Puts members into a JSON object, at the top or one level down, or takes them out, and leaves every other byte of it as it was.

import { createJsonGuard, type ByteRange, type JsonFlaw, type JsonScan } from './json-guard.ts'

export type JsonSplice =
  | { readonly ok: true; readonly body: Buffer }
  /** `offset`: where in the body; `key`: the member that comes twice, or that is not an object where something is to go into it */
  | {
      readonly ok: false
      readonly flaw: JsonFlaw | 'not_an_object'
      readonly offset: number
      readonly key: string | null
    }

/** The value of a path as the body has it, for JSON.parse; undefined when it is not there. */
export type ReadMember<Path extends string> = (path: Path) => string | undefined

export interface JsonSplicer<Path extends string> {
  /**
   * `choose` is asked once and gives the JSON text for each member to write; what it leaves out stays. A member that is there keeps its
   * place and its name as it was spelled; a new one, and the object around it if need be, comes first in its object.
   */
  splice(body: Buffer, choose: (read: ReadMember<Path>) => Readonly<Partial<Record<Path, string>>>): JsonSplice
}

/** `paths`: "name" or "object.name"; none may lie inside another. */
export function createJsonSplicer<const Path extends string>(paths: readonly Path[]): JsonSplicer<Path> {
  const places = paths.map(placeOf)
  for (const { parent } of places) {
    if (parent !== null && paths.some((path) => path === parent)) {
      throw new RangeError(`"${parent}" cannot be written whole and in parts`)
    }
  }
  const parents = places.map(({ parent }) => parent).filter((parent) => parent !== null)
  const guard = createJsonGuard({ watch: [...new Set<string>([...paths, ...parents])] })
  return {
    splice(body, choose) {
      const scan = guard.scan(body)
      if (!scan.ok) return scan
      const values = choose((path) => scan.text(path))
      const top = body.findIndex((byte) => !isSpace(byte))
      if (body[top] !== OPEN_OBJECT) return { ok: false, flaw: 'not_an_object', offset: top, key: null }
      const chosen = places.flatMap((place) => {
        const json = values[place.path]
        return json === undefined ? [] : [{ ...place, json }]
      })
      const edits = new Edits(body, scan, top)
      const flawed = [...Map.groupBy(chosen, ({ parent }) => parent)].find(
        ([parent, members]) => !edits.add(parent, members),
      )
      if (flawed === undefined) return { ok: true, body: edits.apply() }
      const [parent] = flawed
      return { ok: false, flaw: 'not_an_object', offset: scan.range(parent ?? '')?.start ?? top, key: parent }
    },
  }
}

/** New values of members of the top level, as JSON; null: the member is taken out. What is not there and not null is put in front. */
export type MemberEdits = Readonly<Record<string, string | null>>

/** The same for a body that has been scanned already; `edits` names members that the scan watched. The body is an object. */
export function editMembers(body: Buffer, scan: JsonScan<string> & { readonly ok: true }, edits: MemberEdits): Buffer {
  const made = new Edits(body, scan, body.indexOf(OPEN_OBJECT))
  made.add(
    null,
    Object.entries(edits).map(([name, json]) => ({ path: name, name, json })),
  )
  return made.apply()
}

type Place<Path extends string> = { readonly path: Path; readonly parent: string | null; readonly name: string }
type Member = { readonly path: string; readonly name: string; readonly json: string | null }

function placeOf<Path extends string>(path: Path): Place<Path> {
  const [first = '', second, ...deeper] = path.split('.')
  if (deeper.length > 0) throw new RangeError(`"${path}" is deeper than one object`)
  return second === undefined ? { path, parent: null, name: first } : { path, parent: first, name: second }
}

const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const COMMA = 0x2c
const COLON = 0x3a
const QUOTE = 0x22
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

type Edit = ByteRange & { readonly text: string }

/** What is to be written where; nothing overlaps, because no path lies inside another. */
class Edits {
  readonly #body: Buffer
  readonly #scan: JsonScan<string> & { readonly ok: true }
  readonly #top: number
  /** where values are; null: the member goes */
  readonly #replacements: (ByteRange & { readonly text: string | null })[] = []
  /** members that are new, by where the inside of their object begins */
  readonly #insertions = new Map<number, string[]>()

  constructor(body: Buffer, scan: JsonScan<string> & { readonly ok: true }, top: number) {
    this.#body = body
    this.#scan = scan
    this.#top = top
  }

  /** false: there is a value at `parent` that takes no members. */
  add(parent: string | null, members: readonly Member[]): boolean {
    if (parent === null) {
      this.#put(this.#top, members)
      return true
    }
    const range = this.#scan.range(parent)
    if (range === undefined) {
      this.#insert(this.#top, memberText({ name: parent, json: objectText(members) }))
      return true
    }
    if (this.#body[range.start] === OPEN_OBJECT) {
      this.#put(range.start, members)
      return true
    }
    // the services that these bodies are for take null for absent
    if (this.#scan.text(parent) !== 'null') return false
    this.#replacements.push({ ...range, text: objectText(members) })
    return true
  }

  apply(): Buffer {
    const changes = this.#changes()
    const insertions = [...this.#insertions].map(([at, texts]): Edit => {
      const text = texts.join(',')
      return { start: at, end: at, text: isEmptyFrom(this.#body, at, changes) ? text : `${text},` }
    })
    const parts: Buffer[] = []
    let at = 0
    for (const { start, end, text } of [...insertions, ...changes].toSorted((one, other) => one.start - other.start)) {
      parts.push(this.#body.subarray(at, start), Buffer.from(text))
      at = end
    }
    parts.push(this.#body.subarray(at))
    return Buffer.concat(parts)
  }

  /** New values, and members that are taken out, in the order of the body; each of these takes a comma that none before it has taken. */
  #changes(): Edit[] {
    let taken = 0
    return this.#replacements
      .toSorted((one, other) => one.start - other.start)
      .map(({ start, end, text }) => {
        if (text !== null) return { start, end, text }
        const range = memberRange(this.#body, { start, end }, taken)
        taken = range.end
        return { ...range, text: '' }
      })
  }

  #put(opening: number, members: readonly Member[]): void {
    for (const member of members) {
      const range = this.#scan.range(member.path)
      if (range !== undefined) this.#replacements.push({ ...range, text: member.json })
      else if (member.json !== null) this.#insert(opening, memberText(member))
    }
  }

  #insert(opening: number, text: string): void {
    const texts = this.#insertions.get(opening + 1)
    if (texts === undefined) this.#insertions.set(opening + 1, [text])
    else texts.push(text)
  }
}

/** The whole member with the comma before it, or, where that is taken or there is none, with the comma behind it. */
function memberRange(body: Buffer, value: ByteRange, taken: number): ByteRange {
  // a quote inside the name would be written with a backslash; the names that are taken out have none
  const name = body.lastIndexOf(QUOTE, body.lastIndexOf(QUOTE, body.lastIndexOf(COLON, value.start - 1)) - 1)
  let before = name - 1
  while (isSpace(body[before] ?? COMMA)) before--
  if (body[before] === COMMA && before >= taken) return { start: before, end: value.end }
  let after = value.end
  while (isSpace(body[after] ?? COMMA)) after++
  return { start: name, end: body[after] === COMMA ? after + 1 : value.end }
}

/** Whether no member is left behind `inside`, the beginning of an object's inside. */
function isEmptyFrom(body: Buffer, inside: number, changes: readonly Edit[]): boolean {
  let at = inside
  for (;;) {
    const removed = changes.find(({ start, end, text }) => text === '' && start <= at && at < end)
    if (removed !== undefined) at = removed.end
    else if (isSpace(body[at] ?? CLOSE_OBJECT)) at++
    else return body[at] === CLOSE_OBJECT
  }
}

const memberText = ({ name, json }: Pick<Member, 'name' | 'json'>): string => `${JSON.stringify(name)}:${json}`

const objectText = (members: readonly Member[]): string => `{${members.map(memberText).join(',')}}`
