// Cohere's Command R on InvokeModel: message and chat_history in, events out; usage only in the headers unless streamed.
import type { Family, JsonObject } from '../family.ts'
import { cardsOf } from './card.ts'
import { type Completion, completionFamily } from './completion.ts'
import { uuid } from './generation.ts'
import { asNumber, asObjects, asString, asStrings } from './json.ts'
import { any, boolean, checkBody, integer, list, number, object, oneOf, open, text } from './schema.ts'

const card = cardsOf('Cohere', { maxOutputTokens: 4_000, lifecycle: 'LEGACY' })

export const cohereCommand: Family = completionFamily({
  name: 'cohere-command',
  models: [card('cohere.command-r-plus-v1:0', 'Command R+'), card('cohere.command-r-v1:0', 'Command R')],
  read(body, model) {
    checkBody(body, bodySchema(model.maxOutputTokens))
    return {
      prompt: promptText(body),
      limit: asNumber(body['max_tokens']) ?? model.maxOutputTokens,
      stops: asStrings(body['stop_sequences']),
    }
  },
  whole: (completion) => response(completion),
  stream(completion, chunks) {
    chunks.add({
      is_finished: false,
      event_type: 'stream-start',
      generation_id: uuid(`generation ${completion.seed}`),
    })
    for (const piece of completion.pieces)
      chunks.add({ is_finished: false, event_type: 'text-generation', text: piece }, 1)
    const billedUnits = { input_tokens: completion.inputTokens, output_tokens: completion.outputTokens }
    chunks.add({
      is_finished: true,
      event_type: 'stream-end',
      response: { ...response(completion), meta: { api_version: { version: '1' }, billed_units: billedUnits } },
      finish_reason: reason(completion),
    })
  },
  promptText,
})

const bodySchema = (mostTokens: number) =>
  object(
    {
      message: text(1),
      chat_history: list(open({ role: oneOf('USER', 'CHATBOT', 'TOOL'), message: text() }, ['role'])),
      documents: list(open({})),
      preamble: text(),
      max_tokens: integer(1, mostTokens),
      temperature: number(0, 1),
      p: number(0.01, 0.99),
      k: number(0, 500),
      prompt_truncation: oneOf('OFF', 'AUTO_PRESERVE_ORDER'),
      frequency_penalty: number(0, 1),
      presence_penalty: number(0, 1),
      seed: integer(),
      stop_sequences: list(text()),
      search_queries_only: boolean,
      return_prompt: boolean,
      raw_prompting: boolean,
      tools: list(open({})),
      tool_results: any,
    },
    ['message'],
  )

function response(completion: Completion): JsonObject {
  const words = completion.pieces.join('')
  return {
    response_id: uuid(`response ${completion.seed}`),
    text: words,
    generation_id: uuid(`generation ${completion.seed}`),
    chat_history: [
      { role: 'USER', message: completion.prompt },
      { role: 'CHATBOT', message: words },
    ],
    finish_reason: reason(completion),
  }
}

const reason = ({ ending }: Completion): string => (ending === 'limit' ? 'MAX_TOKENS' : 'COMPLETE')

function promptText(body: JsonObject): string {
  return [
    asString(body['preamble']) ?? '',
    ...asObjects(body['tools']).map((tool) => JSON.stringify(tool)),
    ...asObjects(body['documents']).map((document) => JSON.stringify(document)),
    ...asObjects(body['chat_history']).map((turn) => `${asString(turn['role'])}: ${asString(turn['message']) ?? ''}`),
    asString(body['message']) ?? '',
  ]
    .filter((part) => part !== '')
    .join('\n')
}
