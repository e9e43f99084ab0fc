// What is known of the models on Bedrock, beside their prices: maker, name, longest answer, how they are reached, and lifecycle.

import type { Routing } from '../core/model.ts'
import { contextTokensOf } from './context-windows.ts'
import { MODEL_LINES } from './model-lines.ts'

export const LIFECYCLES = ['active', 'legacy', 'retired'] as const
export type Lifecycle = (typeof LIFECYCLES)[number]

export type ModelFacts = {
  readonly baseModel: string
  readonly name: string
  readonly maker: string
  /** models of one family say their usage in the same way */
  readonly family: string
  /** most tokens in one answer; 0: it answers no tokens; null: not published */
  readonly maxOutputTokens: number | null
  /** longest input in tokens; null: not known */
  readonly contextTokens: number | null
  readonly routings: readonly Routing[]
  readonly lifecycle: Lifecycle
}

const MAKERS: { readonly [prefix: string]: string | undefined } = {
  ai21: 'AI21 Labs',
  amazon: 'Amazon',
  anthropic: 'Anthropic',
  cohere: 'Cohere',
  deepseek: 'DeepSeek',
  google: 'Google',
  luma: 'Luma AI',
  meta: 'Meta',
  minimax: 'MiniMax',
  mistral: 'Mistral AI',
  moonshot: 'Moonshot AI',
  moonshotai: 'Moonshot AI',
  nvidia: 'NVIDIA',
  openai: 'OpenAI',
  qwen: 'Qwen',
  stability: 'Stability AI',
  twelvelabs: 'TwelveLabs',
  writer: 'Writer',
  xai: 'xAI',
  zai: 'Z.AI',
}

const ROUTINGS_OF: { readonly [word: string]: readonly Routing[] | undefined } = {
  both: ['global', 'regional'],
  global: ['global'],
  regional: ['regional'],
}

/** Every model of the catalogue. Which ones can be called is for Bedrock to say; these are facts about them. */
export const MODELS: readonly ModelFacts[] = MODEL_LINES.trim().split('\n').map(factsOfLine)

const BY_ID: ReadonlyMap<string, ModelFacts> = new Map(MODELS.map((model) => [model.baseModel, model]))

/** By base model id; null: the catalogue does not know it. */
export const modelFacts = (baseModel: string): ModelFacts | null => BY_ID.get(baseModel) ?? null

function factsOfLine(line: string): ModelFacts {
  const match = /^ *(\S+) +(\S+) +(\S+) +(\S+) +(\S+) +(\S.*\S) *$/.exec(line)
  const [, baseModel = '', family = '', output = '', routing = '', lifecycle = '', name = ''] = match ?? []
  const maker = MAKERS[baseModel.slice(0, baseModel.indexOf('.'))]
  const routings = ROUTINGS_OF[routing]
  const known = LIFECYCLES.find((word) => word === lifecycle)
  if (maker === undefined || routings === undefined || known === undefined) throw new RangeError(`not a model: ${line}`)
  const maxOutputTokens = output === '-' ? null : Number(output)
  return {
    baseModel,
    name,
    maker,
    family,
    maxOutputTokens,
    contextTokens: contextTokensOf(baseModel),
    routings,
    lifecycle: known,
  }
}
