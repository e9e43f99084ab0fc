// Resolves application inference profiles to the model behind them, asking Bedrock once and remembering the answer for a while.

import { parseModelId, type ResolvedModel } from '../../core/model.ts'
import { isRecord, parseJson } from './json.ts'
import type { CredentialScope, UpstreamCall, UpstreamExchange, UpstreamListener } from '../../core/upstream.ts'

const FRESH_MILLISECONDS = 10 * 60_000
const ABSENT_MILLISECONDS = 30_000
const MOST_PROFILES = 10_000
const MOST_BODY_BYTES = 1_000_000

type Send = (call: UpstreamCall, listener: UpstreamListener) => UpstreamExchange
type Remembered = { readonly model: ResolvedModel | null; readonly until: number }

export function createProfileResolver(dependencies: {
  readonly send: Send
  readonly region: string
  readonly now: () => number
}) {
  const remembered = new Map<string, Remembered>()
  const asking = new Map<string, Promise<ResolvedModel | null>>()
  const ask = async (
    id: string,
    modelId: string,
    credentials: CredentialScope | null,
  ): Promise<ResolvedModel | null> => {
    const region = parseModelId(modelId)?.region ?? dependencies.region
    const path = `/inference-profiles/${encodeURIComponent(modelId)}`
    const answer = await getJson(dependencies.send, { path, region, credentials })
    const model = answer === null ? null : resolvedOf(modelId, answer, region)
    if (remembered.size >= MOST_PROFILES) remembered.clear()
    remembered.set(id, {
      model,
      until: dependencies.now() + (model === null ? ABSENT_MILLISECONDS : FRESH_MILLISECONDS),
    })
    return model
  }
  return {
    /** Rejects when Bedrock cannot be asked; null when it knows no such profile. */
    resolve(modelId: string, credentials: CredentialScope | null): Promise<ResolvedModel | null> {
      // what one account may see of a profile, another may not
      const id = credentials === null ? modelId : `${modelId} ${credentials.id}`
      const known = remembered.get(id)
      if (known !== undefined && known.until > dependencies.now()) return Promise.resolve(known.model)
      let running = asking.get(id)
      if (running === undefined) {
        running = ask(id, modelId, credentials).finally(() => asking.delete(id))
        asking.set(id, running)
      }
      return running
    },
  }
}

/**
 * GetInferenceProfile lists one model ARN for each region that it may route to; all have the same base model (Bedrock API reference,
 * 2026-11). A foundation-model ARN without a region marks the global routing.
 */
function resolvedOf(modelId: string, answer: unknown, region: string): ResolvedModel | null {
  if (!isRecord(answer) || !Array.isArray(answer.models)) return null
  const parsed = answer.models
    .map((model) => (isRecord(model) && typeof model.modelArn === 'string' ? parseModelId(model.modelArn) : null))
    .filter((model) => model !== null)
  const baseModel = parsed[0]?.baseModel ?? null
  if (baseModel === null || parsed.some((model) => model.baseModel !== baseModel)) return null
  const global = parsed.some((model) => model.region === null || model.routing === 'global')
  const reach = global ? 'global' : parsed.length > 1 ? 'geographic' : 'in_region'
  return { modelId, kind: 'application_profile', baseModel, routing: global ? 'global' : 'regional', reach, region }
}

function getJson(send: Send, asked: Pick<UpstreamCall, 'path' | 'region' | 'credentials'>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let status = 0
    const exchange = send(
      {
        operation: 'GetInferenceProfile',
        service: 'bedrock',
        method: 'GET',
        ...asked,
        headers: [],
        body: Buffer.alloc(0),
      },
      {
        onHeaders: (answered) => {
          status = answered
        },
        onData(chunk) {
          bytes += chunk.length
          if (bytes > MOST_BODY_BYTES) exchange.abort()
          else chunks.push(chunk)
          return true
        },
        onComplete() {
          if (status === 200) resolve(parseJson(Buffer.concat(chunks).toString('utf8')))
          else if (status === 404 || status === 400) resolve(null)
          else reject(new Error(`GetInferenceProfile answered with status ${status}`))
        },
        onFailure: (failure) => reject(new Error(`GetInferenceProfile failed: ${failure.detail}`)),
      },
    )
  })
}
