// What is measured: the bare proxy and the gateway, and the requests that each is sent.

import type { LoadPlan } from './load.ts'
import type { Running } from './processes.ts'
import { streamBody } from './streams.ts'

export const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'

export type Target = {
  readonly name: 'bare' | 'gateway'
  readonly process: Running
  readonly plan: LoadPlan
  readonly streamPlan: LoadPlan
}

export type Targets = readonly [bare: Target, gateway: Target]

/** About 1 KB. */
const PROMPT = 'w'.repeat(900)

export function targetOf(name: Target['name'], process: Running): Target {
  const [url = '', key = ''] = process.ready.split(' ')
  const { hostname: host, port } = new URL(url)
  const body = JSON.stringify({
    messages: [{ role: 'user', content: [{ text: PROMPT }] }],
    inferenceConfig: { maxTokens: 256 },
  })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const path = `/model/${encodeURIComponent(MODEL)}/converse`
  const plan = { host, port: Number(port), path, headers, body }
  return { name, process, plan, streamPlan: { ...plan, path: `${path}-stream`, body: streamBody(100, 20) } }
}

/** OpenAI's chat completions, which go out as Converse. */
export const chatPlan = ({ plan }: Target, prompt: string = PROMPT, stream = false): LoadPlan => ({
  ...plan,
  path: '/openai/v1/chat/completions',
  body: JSON.stringify({
    model: MODEL,
    max_completion_tokens: 256,
    stream,
    messages: [{ role: 'user', content: prompt }],
  }),
})

/** Anthropic's Messages, which go out as InvokeModel, nearly as they are. */
export const messagesPlan = ({ plan }: Target): LoadPlan => ({
  ...plan,
  path: '/anthropic/v1/messages',
  headers: { ...plan.headers, 'anthropic-version': '2023-06-01' },
  body: JSON.stringify({ model: MODEL, max_tokens: 256, messages: [{ role: 'user', content: PROMPT }] }),
})
