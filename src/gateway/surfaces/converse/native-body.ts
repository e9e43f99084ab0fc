// The body of another dialect as InvokeModel takes it: a few members taken out or put in, every other byte as it was.

import { GatewayError } from '../../../core/errors.ts'
import type { ByteRange, JsonScan } from '../../../http/json-guard.ts'

/** New values of members of the top level, as JSON; null: the member is taken out. What is not there and not null is put in front. */
export type MemberEdits = Readonly<Record<string, string | null>>

export function editMembers(body: Buffer, scan: JsonScan<string> & { readonly ok: true }, edits: MemberEdits): Buffer {
  const open = body.indexOf(OPEN_OBJECT)
  const added: string[] = []
  const cuts: (ByteRange & { readonly text: string })[] = []
  for (const [name, json] of Object.entries(edits)) {
    const range = scan.range(name)
    if (range !== undefined)
      cuts.push(json === null ? { ...memberRange(body, range), text: '' } : { ...range, text: json })
    else if (json !== null) added.push(`${JSON.stringify(name)}:${json}`)
  }
  const parts: Buffer[] = []
  let at = open + 1
  for (const { start, end, text } of cuts.toSorted((one, other) => one.start - other.start)) {
    // two neighbours that are both taken out share a comma
    if (start > at) parts.push(body.subarray(at, start))
    parts.push(Buffer.from(text))
    at = Math.max(at, end)
  }
  parts.push(body.subarray(at))
  const rest = trimmedComma(Buffer.concat(parts))
  const first = added.join(',')
  const comma = first === '' || isEmptyObject(rest) ? '' : ','
  return Buffer.concat([body.subarray(0, open + 1), Buffer.from(first + comma), rest])
}

const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const COMMA = 0x2c
const COLON = 0x3a
const QUOTE = 0x22
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** From the comma before the member (or its name, where it is the first) to the end of its value. */
function memberRange(body: Buffer, value: ByteRange): ByteRange {
  let at = value.start - 1
  while (body[at] !== COLON) at--
  while (body[at] !== QUOTE) at--
  at--
  // a quote inside the name would be written with a backslash; the names that are taken out have none
  while (body[at] !== QUOTE) at--
  let before = at - 1
  while (isSpace(body[before])) before--
  return { start: body[before] === COMMA ? before : at, end: value.end }
}

/** Where the first members are gone, the comma behind them is too. */
function trimmedComma(rest: Buffer): Buffer {
  let at = 0
  while (isSpace(rest[at])) at++
  return rest[at] === COMMA ? rest.subarray(at + 1) : rest
}

function isEmptyObject(rest: Buffer): boolean {
  let at = 0
  while (isSpace(rest[at])) at++
  return rest[at] === CLOSE_OBJECT
}

/** The body is one JSON object; anything else was refused by the guard, or is refused here. */
export function assertObject(body: Buffer): void {
  const first = body.find((byte) => !isSpace(byte))
  if (first !== OPEN_OBJECT)
    throw new GatewayError('invalid_request', { message: 'The request body must be a JSON object.' })
}
