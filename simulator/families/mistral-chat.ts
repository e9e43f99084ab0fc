// Mistral's newer models on InvokeModel: Mistral's own chat completion, which is OpenAI's with other names for the ending.
import type { Family } from '../family.ts'
import { cardsOf } from './card.ts'
import { chatFamily, createdAt } from './chat.ts'

const card = cardsOf('Mistral AI', { maxOutputTokens: 8_192, tiers: ['default', 'priority', 'flex'] })
const seeing = { inputModalities: ['TEXT', 'IMAGE'] }
const hearing = { inputModalities: ['TEXT', 'SPEECH'] }

/** From AWS's model cards, October 2026. */
const MODELS = [
  card('mistral.mistral-large-3-675b-instruct', 'Mistral Large 3', { ...seeing, maxOutputTokens: 32_768 }),
  card('mistral.devstral-2-123b', 'Devstral 2 123B', { maxOutputTokens: 32_768 }),
  card('mistral.magistral-small-2509', 'Magistral Small 2509', { ...seeing, maxOutputTokens: 40_000 }),
  card('mistral.ministral-3-14b-instruct', 'Ministral 14B 3.0', seeing),
  card('mistral.ministral-3-8b-instruct', 'Ministral 3 8B', seeing),
  card('mistral.ministral-3-3b-instruct', 'Ministral 3B', seeing),
  card('mistral.voxtral-small-24b-2507', 'Voxtral Small 24B 2507', hearing),
  card('mistral.voxtral-mini-3b-2507', 'Voxtral Mini 3B 2507', hearing),
  card('mistral.pixtral-large-2502-v1:0', 'Pixtral Large (25.02)', {
    ...seeing,
    inferenceTypes: [],
    profiles: ['us', 'eu'],
    tiers: ['default'],
  }),
  card('mistral.mistral-large-2407-v1:0', 'Mistral Large (24.07)', { tiers: ['default'] }),
]

const isOld = (modelId: string): boolean => modelId.includes('-2407-') || modelId.includes('-2502-')

/** Pixtral and the models after it. */
export const mistralChat: Family = chatFamily({
  name: 'mistral-chat',
  models: MODELS.filter(({ modelId }) => !isOld(modelId)),
  maximumChoices: { whole: 8, streamed: 8 },
  usageInBody: () => true,
  finishKey: 'finish_reason',
  envelope: (call) => ({ created: createdAt(call), model: call.model.modelId }),
  objectNames: { whole: 'chat.completion', chunk: 'chat.completion.chunk' },
  showsReasoning: () => false,
  reasonsUnseen: () => false,
  billsCacheWrites: () => false,
})

/** The first models with messages: `stop_reason`, and usage in the headers only for Mistral Large 2. */
export const mistralChatOld: Family = chatFamily({
  name: 'mistral-chat-old',
  models: MODELS.filter(({ modelId }) => isOld(modelId)),
  maximumChoices: { whole: 1, streamed: 1 },
  usageInBody: (modelId) => !modelId.includes('-2407-'),
  finishKey: 'stop_reason',
  envelope: (call) => ({ created: createdAt(call), model: call.model.modelId.replace(/^mistral\.|-v1:0$/g, '') }),
  objectNames: { whole: 'chat.completion', chunk: 'chat.completion.chunk' },
  showsReasoning: () => false,
  reasonsUnseen: () => false,
  billsCacheWrites: () => false,
})
