// Meta's Llama on InvokeModel: prompt in, generation out, with both token counts in the body and on the last chunk.
import type { Family } from '../family.ts'
import { byProfile, cardsOf } from './card.ts'
import { completionFamily } from './completion.ts'
import { asArray, asNumber, asString } from './json.ts'
import { checkBody, integer, list, number, object, text } from './schema.ts'

const card = cardsOf('Meta', { maxOutputTokens: 8_192 })
const legacy = { lifecycle: 'LEGACY' as const, maxOutputTokens: 4_096 }
const seeing = { inputModalities: ['TEXT', 'IMAGE'] }

export const llama: Family = completionFamily({
  name: 'llama',
  models: [
    card('meta.llama4-maverick-17b-instruct-v1:0', 'Llama 4 Maverick 17B Instruct', { ...byProfile('us'), ...seeing }),
    card('meta.llama4-scout-17b-instruct-v1:0', 'Llama 4 Scout 17B Instruct', { ...byProfile('us'), ...seeing }),
    card('meta.llama3-3-70b-instruct-v1:0', 'Llama 3.3 70B Instruct', { profiles: ['us'] }),
    card('meta.llama3-2-90b-instruct-v1:0', 'Llama 3.2 90B Instruct', { ...byProfile('us'), ...seeing, ...legacy }),
    card('meta.llama3-2-11b-instruct-v1:0', 'Llama 3.2 11B Instruct', { ...byProfile('us'), ...seeing, ...legacy }),
    card('meta.llama3-2-3b-instruct-v1:0', 'Llama 3.2 3B Instruct', { ...byProfile('us', 'eu'), ...legacy }),
    card('meta.llama3-2-1b-instruct-v1:0', 'Llama 3.2 1B Instruct', { ...byProfile('us', 'eu'), ...legacy }),
    card('meta.llama3-1-405b-instruct-v1:0', 'Llama 3.1 405B Instruct', { profiles: ['us'], ...legacy }),
    card('meta.llama3-1-70b-instruct-v1:0', 'Llama 3.1 70B Instruct', { profiles: ['us'] }),
    card('meta.llama3-1-8b-instruct-v1:0', 'Llama 3.1 8B Instruct', { profiles: ['us'] }),
    card('meta.llama3-70b-instruct-v1:0', 'Llama 3 70B Instruct', { maxOutputTokens: 2_048 }),
    card('meta.llama3-8b-instruct-v1:0', 'Llama 3 8B Instruct', { maxOutputTokens: 2_048 }),
  ],
  read(body, model) {
    checkBody(
      body,
      object(
        {
          prompt: text(1),
          max_gen_len: integer(1, model.maxOutputTokens),
          temperature: number(0, 1),
          top_p: number(0, 1),
          images: list(text()),
        },
        ['prompt'],
      ),
    )
    return {
      prompt: asString(body['prompt']) ?? '',
      limit: asNumber(body['max_gen_len']) ?? 512,
      stops: [],
      extraTokens: asArray(body['images']).length * IMAGE_TOKENS,
    }
  },
  whole: ({ pieces, inputTokens, outputTokens, ending }) => ({
    generation: pieces.join(''),
    prompt_token_count: inputTokens,
    generation_token_count: outputTokens,
    stop_reason: ending === 'limit' ? 'length' : 'stop',
  }),
  stream({ pieces, inputTokens, outputTokens, ending }, chunks) {
    pieces.forEach((piece, index) =>
      chunks.add(
        {
          generation: piece,
          prompt_token_count: index === 0 ? inputTokens : null,
          generation_token_count: index + 1,
          stop_reason: null,
        },
        1,
      ),
    )
    chunks.add({
      generation: '',
      prompt_token_count: inputTokens,
      generation_token_count: outputTokens,
      stop_reason: ending === 'limit' ? 'length' : 'stop',
    })
  },
  promptText: (body) => asString(body['prompt']) ?? '',
})

/** Llama 3.2 turns an image into at most four tiles of 1,601 tokens; a fixed number of one tile keeps counts steady. */
const IMAGE_TOKENS = 1_601
