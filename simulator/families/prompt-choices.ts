// Two families that take a bare prompt and say nothing of usage in the body: Mistral's first models and DeepSeek-R1.
import type { Family } from '../family.ts'
import { byProfile, cardsOf } from './card.ts'
import { completionFamily } from './completion.ts'
import { asNumber, asString, asStrings } from './json.ts'
import { checkBody, integer, list, number, object, text } from './schema.ts'

const mistral = cardsOf('Mistral AI')

/** outputs[].text; usage in the headers and in the last chunk's metrics only. */
export const mistralText: Family = completionFamily({
  name: 'mistral-text',
  models: [
    mistral('mistral.mistral-7b-instruct-v0:2', 'Mistral 7B Instruct', { maxOutputTokens: 8_192 }),
    mistral('mistral.mixtral-8x7b-instruct-v0:1', 'Mixtral 8x7B Instruct', { maxOutputTokens: 4_096 }),
    mistral('mistral.mistral-large-2402-v1:0', 'Mistral Large (24.02)', { maxOutputTokens: 8_192 }),
    mistral('mistral.mistral-small-2402-v1:0', 'Mistral Small (24.02)', { maxOutputTokens: 8_192 }),
  ],
  read(body, model) {
    checkBody(
      body,
      object(
        {
          prompt: text(1),
          max_tokens: integer(1, model.maxOutputTokens),
          temperature: number(0, 1),
          top_p: number(0, 1),
          top_k: number(0),
          stop: list(text(), 0, 10),
        },
        ['prompt'],
      ),
    )
    return {
      prompt: asString(body['prompt']) ?? '',
      limit: asNumber(body['max_tokens']) ?? 512,
      stops: asStrings(body['stop']),
    }
  },
  whole: ({ pieces, ending }) => ({ outputs: [{ text: pieces.join(''), stop_reason: reason(ending) }] }),
  stream({ pieces, ending }, chunks) {
    for (const piece of pieces) chunks.add({ outputs: [{ text: piece, stop_reason: null }] }, 1)
    chunks.add({ outputs: [{ text: '', stop_reason: reason(ending) }] })
  },
  promptText: (body) => asString(body['prompt']) ?? '',
})

/** choices[].text: a text completion of its own, though DeepSeek's later models chat. */
export const deepseekR1: Family = completionFamily({
  name: 'deepseek-r1',
  models: [cardsOf('DeepSeek')('deepseek.r1-v1:0', 'DeepSeek-R1', { ...byProfile('us'), maxOutputTokens: 32_768 })],
  read(body, model) {
    checkBody(
      body,
      object(
        {
          prompt: text(1),
          max_tokens: integer(1, model.maxOutputTokens),
          temperature: number(0, 1),
          top_p: number(0, 1),
          stop: list(text(), 0, 10),
        },
        ['prompt'],
      ),
    )
    return {
      prompt: asString(body['prompt']) ?? '',
      limit: asNumber(body['max_tokens']) ?? model.maxOutputTokens,
      stops: asStrings(body['stop']),
    }
  },
  whole: ({ pieces, ending }) => ({ choices: [{ text: pieces.join(''), stop_reason: reason(ending) }] }),
  stream({ pieces, ending }, chunks) {
    for (const piece of pieces) chunks.add({ choices: [{ text: piece, stop_reason: null }] }, 1)
    chunks.add({ choices: [{ text: '', stop_reason: reason(ending) }] })
  },
  promptText: (body) => asString(body['prompt']) ?? '',
})

const reason = (ending: 'end' | 'limit' | 'stop'): string => (ending === 'limit' ? 'length' : 'stop')
