// AI21's Jamba models on InvokeModel: OpenAI's chat without `object`, with AI21's own `meta`.
import type { Family } from '../family.ts'
import { cardsOf } from './card.ts'
import { chatFamily } from './chat.ts'

const card = cardsOf('AI21 Labs', { maxOutputTokens: 4_096, lifecycle: 'LEGACY' })

export const ai21Jamba: Family = chatFamily({
  name: 'ai21-jamba',
  models: [card('ai21.jamba-1-5-large-v1:0', 'Jamba 1.5 Large'), card('ai21.jamba-1-5-mini-v1:0', 'Jamba 1.5 Mini')],
  maximumChoices: { whole: 16, streamed: 1 },
  usageInBody: () => true,
  finishKey: 'finish_reason',
  envelope: (call) => ({
    model: call.model.modelId.includes('large') ? 'jamba-1.5-large' : 'jamba-1.5-mini',
    meta: { requestDurationMillis: 120 },
  }),
  objectNames: null,
  showsReasoning: () => false,
  reasonsUnseen: () => false,
  billsCacheWrites: () => false,
})
