// The models that speak OpenAI's chat format on InvokeModel: ids, profiles, tiers; from AWS's model cards, October 2026.
import type { ModelCard } from '../family.ts'
import { byProfile, cardsOf } from './card.ts'

const everyTier = ['default', 'priority', 'flex']
const open = { tiers: everyTier, maxOutputTokens: 8_192 }

const openai = cardsOf('OpenAI', open)
const deepseek = cardsOf('DeepSeek', open)
const qwen = cardsOf('Qwen', { ...open, maxOutputTokens: 32_768 })
const writer = cardsOf('Writer', { maxOutputTokens: 8_192 })
const moonshot = cardsOf('Moonshot AI', { ...open, maxOutputTokens: 16_384 })
const zai = cardsOf('Z.AI', { ...open, maxOutputTokens: 65_536 })
const minimax = cardsOf('MiniMax', open)
const nvidia = cardsOf('NVIDIA', open)
const google = cardsOf('Google', { ...open, inputModalities: ['TEXT', 'IMAGE'] })
const xai = cardsOf('xAI', { ...open, inputModalities: ['TEXT', 'IMAGE'] })

/** The closed GPT models: by profile only, one tier, a prompt cache that works unasked. */
const closed = {
  ...byProfile('us', 'global'),
  inputModalities: ['TEXT', 'IMAGE'],
  tiers: ['default'],
  maxOutputTokens: 131_072,
  cache: true,
}

/** Models that AWS serves on its other endpoint only (GPT-5.5, Gemma 4, Grok 4.3 and others) cannot be invoked and are not here. */
export const OPENAI_SHAPED_CARDS: readonly ModelCard[] = [
  openai('openai.gpt-6.1-sol', 'GPT-6.1 Sol', closed),
  openai('openai.gpt-6-astra', 'GPT-6 Astra', closed),
  openai('openai.gpt-5.6-sol', 'GPT-5.6 Sol', closed),
  openai('openai.gpt-5.6-terra', 'GPT-5.6 Terra', closed),
  openai('openai.gpt-5.6-luna', 'GPT-5.6 Luna', closed),
  openai('openai.gpt-oss-120b-1:0', 'gpt-oss-120b', { profiles: ['us-gov'], maxOutputTokens: 128_000 }),
  openai('openai.gpt-oss-20b-1:0', 'gpt-oss-20b', { profiles: ['us-gov'], maxOutputTokens: 128_000 }),
  openai('openai.gpt-oss-safeguard-120b', 'GPT OSS Safeguard 120B', { maxOutputTokens: 128_000 }),
  openai('openai.gpt-oss-safeguard-20b', 'GPT OSS Safeguard 20B', { maxOutputTokens: 128_000 }),
  deepseek('deepseek.v3-v1:0', 'DeepSeek-V3.1', { maxOutputTokens: 81_920 }),
  deepseek('deepseek.v3.2', 'DeepSeek V3.2', { maxOutputTokens: 81_920 }),
  qwen('qwen.qwen3-235b-a22b-2507-v1:0', 'Qwen3 235B A22B 2507'),
  qwen('qwen.qwen3-32b-v1:0', 'Qwen3 32B (dense)'),
  qwen('qwen.qwen3-coder-480b-a35b-v1:0', 'Qwen3 Coder 480B A35B Instruct', { maxOutputTokens: 65_536 }),
  qwen('qwen.qwen3-coder-30b-a3b-v1:0', 'Qwen3-Coder-30B-A3B-Instruct', { maxOutputTokens: 65_536 }),
  qwen('qwen.qwen3-coder-next', 'Qwen3 Coder Next', { maxOutputTokens: 65_536 }),
  qwen('qwen.qwen3-next-80b-a3b', 'Qwen3 Next 80B A3B'),
  qwen('qwen.qwen3-vl-235b-a22b', 'Qwen3 VL 235B A22B', { inputModalities: ['TEXT', 'IMAGE'] }),
  writer('writer.palmyra-x5-v1:0', 'Palmyra X5', byProfile('us')),
  writer('writer.palmyra-x4-v1:0', 'Palmyra X4', byProfile('us')),
  writer('writer.palmyra-vision-7b', 'Palmyra Vision 7B', { inputModalities: ['TEXT', 'IMAGE'] }),
  // Kimi K3 has tiers in the OpenAI APIs only
  moonshot('moonshotai.kimi-k3', 'Kimi K3', {
    ...byProfile('us', 'global'),
    inputModalities: ['TEXT', 'IMAGE'],
    tiers: ['default'],
    cache: true,
  }),
  moonshot('moonshotai.kimi-k2.5', 'Kimi K2.5', { inputModalities: ['TEXT', 'IMAGE'] }),
  moonshot('moonshot.kimi-k2-thinking', 'Kimi K2 Thinking'),
  zai('zai.glm-5', 'GLM 5'),
  zai('zai.glm-4.7', 'GLM 4.7'),
  zai('zai.glm-4.7-flash', 'GLM 4.7 Flash'),
  minimax('minimax.minimax-m2.5', 'MiniMax M2.5'),
  minimax('minimax.minimax-m2.1', 'MiniMax M2.1'),
  minimax('minimax.minimax-m2', 'MiniMax M2'),
  nvidia('nvidia.nemotron-super-3-120b', 'NVIDIA Nemotron 3 Super 120B A12B'),
  nvidia('nvidia.nemotron-nano-3-30b', 'Nemotron Nano 3 30B'),
  nvidia('nvidia.nemotron-nano-12b-v2', 'NVIDIA Nemotron Nano 12B v2 VL BF16', { inputModalities: ['TEXT', 'IMAGE'] }),
  nvidia('nvidia.nemotron-nano-9b-v2', 'NVIDIA Nemotron Nano 9B v2'),
  google('google.gemma-3-27b-it', 'Gemma 3 27B PT'),
  google('google.gemma-3-12b-it', 'Gemma 3 12B IT'),
  google('google.gemma-3-4b-it', 'Gemma 3 4B IT'),
  xai('xai.grok-4.6', 'Grok 4.6', { ...byProfile('us', 'us-gov', 'global'), cache: true }),
]

/** Models that charge for what they write to their 30-minute cache; others read for less and write for nothing. */
export const billsCacheWrites = (modelId: string): boolean => /^openai\.gpt-(5\.6|6)|kimi-k3$/.test(modelId)

/** The open GPT models say their reasoning in the text, inside tags, when called by InvokeModel (AWS user guide, 2026). */
export const showsReasoning = (modelId: string): boolean => modelId.startsWith('openai.gpt-oss-')

/** The closed models reason unseen; they bill it as output. */
export const reasonsUnseen = (modelId: string): boolean => /^openai\.gpt-[56]|^xai\./.test(modelId)
