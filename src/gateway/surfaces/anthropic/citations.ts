// Where an answer has its words from: Anthropic's citations and Converse's, each said as the other.

import { isObject } from '../converse/fields.ts'
import type { Json, JsonObject } from '../converse/types.ts'

type Numbers = readonly [start: string, end: string]

/** The members of Converse's location, the type of Anthropic's, and the names of the numbers in each. */
const LOCATIONS: readonly {
  readonly member: string
  readonly type: string
  readonly index: readonly [converse: string, anthropic: string]
  readonly range: Numbers
}[] = [
  {
    member: 'documentChar',
    type: 'char_location',
    index: ['documentIndex', 'document_index'],
    range: ['start_char_index', 'end_char_index'],
  },
  {
    member: 'documentPage',
    type: 'page_location',
    index: ['documentIndex', 'document_index'],
    range: ['start_page_number', 'end_page_number'],
  },
  {
    member: 'documentChunk',
    type: 'content_block_location',
    index: ['documentIndex', 'document_index'],
    range: ['start_block_index', 'end_block_index'],
  },
  {
    member: 'searchResultLocation',
    type: 'search_result_location',
    index: ['searchResultIndex', 'search_result_index'],
    range: ['start_block_index', 'end_block_index'],
  },
]

/** null: it is of a kind that only one of the two has. */
export function citationToConverse(citation: Json): JsonObject | null {
  if (!isObject(citation)) return null
  const found = LOCATIONS.find(({ type }) => type === citation['type'])
  if (found === undefined) return null
  const { member, index, range } = found
  const place = {
    [index[0]]: citation[index[1]] ?? 0,
    start: citation[range[0]] ?? 0,
    end: citation[range[1]] ?? 0,
  }
  const title = citation['document_title'] ?? citation['title']
  const source = citation['source']
  return {
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof source === 'string' ? { source } : {}),
    sourceContent: [{ text: textOf(citation['cited_text']) }],
    location: { [member]: place },
  }
}

export function citationToAnthropic(citation: Json): JsonObject | null {
  const location = isObject(citation) ? citation['location'] : undefined
  if (!isObject(citation) || !isObject(location)) return null
  for (const { member, type, index, range } of LOCATIONS) {
    const place = location[member]
    if (!isObject(place)) continue
    return {
      type,
      cited_text: citedText(citation['sourceContent']),
      [index[1]]: place[index[0]] ?? 0,
      [range[0]]: place['start'] ?? 0,
      [range[1]]: place['end'] ?? 0,
      ...namesOf(citation, type),
    }
  }
  return null
}

function citedText(content: Json | undefined): string {
  const parts = Array.isArray(content) ? content : []
  return parts.map((part: Json) => (isObject(part) ? textOf(part['text']) : '')).join('')
}

function namesOf(citation: JsonObject, type: string): JsonObject {
  const title = citation['title'] ?? null
  return type === 'search_result_location' ? { title, source: textOf(citation['source']) } : { document_title: title }
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
