// --fallback: what is called in the place of a model, as it is typed and as it is shown.

import type { Json } from './client.ts'
import { usage } from './failure.ts'

export const FALLBACK_FORM = 'models=step[,step…]'
export const FALLBACK_WORDS =
  'what is called in the place of throttled or failing models; a step is a model id, @region, or both: "anthropic.claude-opus-*=@us-west-2,us.anthropic.claude-sonnet-5-5"'

export function fallbackOf(text: string): Json {
  const at = text.indexOf('=')
  const [models, steps] = [text.slice(0, at), text.slice(at + 1).split(',')]
  if (at < 1 || steps.includes('')) throw usage(`--fallback "${text}" is not of the form ${FALLBACK_FORM}.`)
  return { models, steps: steps.map(stepOf) }
}

function stepOf(text: string): Json {
  const [modelId = '', region] = text.split('@', 2)
  return { model_id: modelId === '' ? null : modelId, region: region ?? null }
}

type Shown = { models: string; steps: { model_id: string | null; region: string | null }[] }

export const fallbacksText = (rules: unknown): string =>
  ((rules ?? []) as Shown[])
    .map(({ models, steps }) => {
      const shown = steps.map(({ model_id, region }) => `${model_id ?? ''}${region === null ? '' : `@${region}`}`)
      return `${models}=${shown.join(',')}`
    })
    .join(' ')
