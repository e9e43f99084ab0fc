// The rerank models on InvokeModel, Cohere's and Amazon's: billed by search unit, which is one query with up to 100 documents.
import type { Family, FamilyAnswer, FamilyCall, JsonObject } from '../family.ts'
import { cardsOf } from './card.ts'
import { hash } from './generation.ts'
import { asArray, asNumber, asString } from './json.ts'
import { checkBody, either, integer, list, object, open, type Schema, text } from './schema.ts'

const details = { streaming: false, converse: false, maxOutputTokens: 0 }

const DOCUMENTS = list(either(text(), open({})), 1, 1_000)

const COHERE = object(
  {
    query: text(1),
    documents: DOCUMENTS,
    top_n: integer(1),
    api_version: integer(2),
    max_tokens_per_doc: integer(1),
    rank_fields: list(text()),
    return_documents: { type: 'boolean' },
  },
  ['query', 'documents', 'api_version'],
)

const AMAZON = object({ query: text(1), documents: DOCUMENTS, top_n: integer(1) }, ['query', 'documents'])

export const cohereRerank: Family = {
  name: 'cohere-rerank',
  models: [cardsOf('Cohere')('cohere.rerank-v3-5:0', 'Rerank 3.5', details)],
  invoke: (call) => rank(call, COHERE),
}

export const amazonRerank: Family = {
  name: 'amazon-rerank',
  models: [cardsOf('Amazon')('amazon.rerank-v1:0', 'Rerank 1.0', details)],
  invoke: (call) => rank(call, AMAZON),
}

function rank(call: FamilyCall, schema: Schema): FamilyAnswer {
  checkBody(call.body, schema)
  const documents = asArray(call.body['documents'])
  const query = asString(call.body['query']) ?? ''
  const results: JsonObject[] = documents
    .map((document, index) => ({ index, relevance_score: score(query, JSON.stringify(document)) }))
    .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
    .slice(0, asNumber(call.body['top_n']) ?? documents.length)
  return { body: { results }, usage: { search_units: Math.ceil(documents.length / 100) }, usageHeaders: false }
}

/** Between 0 and 1: mostly the share of the query's words that the document has, a little by chance. */
function score(query: string, document: string): number {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const lower = document.toLowerCase()
  const shared = words.filter((word) => lower.includes(word)).length / Math.max(1, words.length)
  return Number((0.9 * shared + (hash(`${query}\n${document}`) % 1_000) / 10_000).toFixed(6))
}
