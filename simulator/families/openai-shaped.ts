// The families whose InvokeModel is OpenAI's chat completion: gpt-oss, GPT, DeepSeek V3, Qwen, Writer, Kimi, GLM and others.
import type { Family } from '../family.ts'
import { chatFamily, createdAt } from './chat.ts'
import { billsCacheWrites, OPENAI_SHAPED_CARDS, reasonsUnseen, showsReasoning } from './openai-cards.ts'

export const openaiShaped: Family = chatFamily({
  name: 'openai-shaped',
  models: OPENAI_SHAPED_CARDS,
  maximumChoices: { whole: 128, streamed: 128 },
  usageInBody: () => true,
  finishKey: 'finish_reason',
  envelope: (call) => ({
    created: createdAt(call),
    model: call.model.modelId,
    ...(call.model.modelId.startsWith('openai.') ? { service_tier: call.tier, system_fingerprint: '' } : {}),
  }),
  objectNames: { whole: 'chat.completion', chunk: 'chat.completion.chunk' },
  showsReasoning,
  reasonsUnseen,
  billsCacheWrites,
})
