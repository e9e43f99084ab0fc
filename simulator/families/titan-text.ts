// Titan text models on InvokeModel: inputText in, results[] out, token counts inside the body.
import type { Family } from '../family.ts'
import { cardsOf } from './card.ts'
import { completionFamily } from './completion.ts'
import { asNumber, asObject, asString, asStrings } from './json.ts'
import { checkBody, integer, list, number, object, text } from './schema.ts'

const card = cardsOf('Amazon', { lifecycle: 'LEGACY' })

const bodySchema = (mostTokens: number) =>
  object(
    {
      inputText: text(1),
      textGenerationConfig: object({
        maxTokenCount: integer(0, mostTokens),
        stopSequences: list(text()),
        temperature: number(0, 1),
        topP: number(0, 1),
      }),
    },
    ['inputText'],
  )

export const titanText: Family = completionFamily({
  name: 'titan-text',
  models: [
    card('amazon.titan-text-premier-v1:0', 'Titan Text G1 - Premier', { maxOutputTokens: 3_072 }),
    card('amazon.titan-text-express-v1', 'Titan Text G1 - Express', { maxOutputTokens: 8_192 }),
    card('amazon.titan-text-lite-v1', 'Titan Text G1 - Lite', { maxOutputTokens: 4_096 }),
    card('amazon.titan-tg1-large', 'Titan Text Large', { maxOutputTokens: 8_192 }),
  ],
  read(body, model) {
    checkBody(body, bodySchema(model.maxOutputTokens))
    const config = asObject(body['textGenerationConfig']) ?? {}
    return {
      prompt: asString(body['inputText']) ?? '',
      limit: asNumber(config['maxTokenCount']) ?? 512,
      stops: asStrings(config['stopSequences']),
    }
  },
  whole: ({ pieces, inputTokens, outputTokens, ending }) => ({
    inputTextTokenCount: inputTokens,
    results: [{ tokenCount: outputTokens, outputText: pieces.join(''), completionReason: reason(ending) }],
  }),
  stream({ pieces, inputTokens, outputTokens, ending }, chunks) {
    const nothingYet = { index: 0, totalOutputTextTokenCount: null, completionReason: null, inputTextTokenCount: null }
    for (const piece of pieces.slice(0, -1)) chunks.add({ outputText: piece, ...nothingYet }, 1)
    chunks.add({
      outputText: pieces.at(-1) ?? '',
      index: 0,
      totalOutputTextTokenCount: outputTokens,
      completionReason: reason(ending),
      inputTextTokenCount: inputTokens,
    })
  },
  promptText: (body) => asString(body['inputText']) ?? '',
})

const reason = (ending: 'end' | 'limit' | 'stop'): string => (ending === 'limit' ? 'LENGTH' : 'FINISH')
