// Who and what a call is for, as OpenAI's clients say it: attribution for the ledger, and never sent on.

import { clientMetadata, type Header } from '../client-metadata.ts'
import { InvalidField, type Fields } from '../converse/fields.ts'

/** OpenAI's own bounds (API reference, "metadata"). */
const MOST_ENTRIES = 16
const LONGEST_VALUE_CHARACTERS = 512

/** What the request writes goes before what its client says of itself in headers. `user` is what OpenAI's older clients call its safety identifier. */
export function metadataOf(fields: Fields, header: Header): Readonly<Record<string, string>> {
  const metadata = fields.object('metadata')
  const names = metadata === undefined ? [] : Object.keys(metadata.value)
  if (names.length > MOST_ENTRIES)
    throw new InvalidField(fields.at('metadata'), `may hold at most ${MOST_ENTRIES} entries.`)
  const pairs = names.map((name) => [name, boundedText(metadata, name)] as const)
  pairs.push(...IDENTIFIERS.map((name) => [name, boundedText(fields, name)] as const))
  const said = Object.fromEntries(pairs.filter(([, value]) => value !== undefined)) as Record<string, string>
  return { ...clientMetadata(header), ...said }
}

const IDENTIFIERS = ['user', 'safety_identifier'] as const

function boundedText(fields: Fields | undefined, name: string): string | undefined {
  const text = fields?.text(name)
  if (fields !== undefined && text !== undefined && text.length > LONGEST_VALUE_CHARACTERS)
    throw new InvalidField(fields.at(name), `may be at most ${LONGEST_VALUE_CHARACTERS} characters long.`)
  return text
}
