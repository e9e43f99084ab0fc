// The table of model families that the simulator serves.
import type { Family } from '../family.ts'
import { ai21Jamba } from './ai21-jamba.ts'
import { claude } from './claude.ts'
import { cohereCommand } from './cohere-command.ts'
import { cohereEmbed } from './cohere-embed.ts'
import { novaCanvas, titanImage } from './image-generation.ts'
import { llama } from './llama.ts'
import { mistralChat, mistralChatOld } from './mistral-chat.ts'
import { nova } from './nova.ts'
import { openaiShaped } from './openai-shaped.ts'
import { deepseekR1, mistralText } from './prompt-choices.ts'
import { amazonRerank, cohereRerank } from './rerank.ts'
import { stability, stabilityXl } from './stability.ts'
import { novaEmbeddings, titanEmbeddings } from './titan-embeddings.ts'
import { titanText } from './titan-text.ts'
import { marengo, pegasus } from './twelvelabs.ts'
import { lumaRay, novaReel } from './video.ts'

export const FAMILIES: readonly Family[] = [
  claude,
  nova,
  openaiShaped,
  llama,
  mistralText,
  mistralChat,
  mistralChatOld,
  deepseekR1,
  cohereCommand,
  ai21Jamba,
  titanText,
  titanEmbeddings,
  novaEmbeddings,
  cohereEmbed,
  cohereRerank,
  amazonRerank,
  novaCanvas,
  titanImage,
  stability,
  stabilityXl,
  novaReel,
  lumaRay,
  pegasus,
  marengo,
]
