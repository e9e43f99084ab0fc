// Which model a call through a path router is priced as, and the most that it can use: read from the request, whose bytes stay as they are.

import { checkModel } from '../../core/access.ts'
import type { Member } from '../../core/directory.ts'
import { GatewayError } from '../../core/errors.ts'
import { parseModelId, resolveParsed, type ResolvedModel } from '../../core/model.ts'
import type { Router, RouterModel, RouterRequest } from '../../core/router.ts'
import { createJsonGuard } from '../../http/json-guard.ts'
import { boundsOf, type CallBounds, type ModelBounds } from '../bounds.ts'
import { flawWords, readBedrockFacts } from '../surfaces/bedrock-facts.ts'
import type { CallFacts } from '../surfaces/surface.ts'
import { linesOf } from './ingress.ts'

export type RoutedFacts = {
  readonly model: ResolvedModel
  readonly facts: CallFacts
  readonly bounds: CallBounds
}

export type RoutedFactsDependencies = {
  readonly region: string
  readonly modelBounds: (baseModel: string) => ModelBounds
}

const NO_FACTS: CallFacts = {
  modelId: null,
  tier: 'standard',
  tiers: ['standard'],
  caps: new Map(),
  thinkingTokens: 0,
  answers: 1,
  seconds: null,
  variant: '',
  metadata: {},
  isGuarded: false,
  inputImages: 0,
  shots: 0,
  continues: false,
}

const NO_TOKENS: CallBounds = { inputTokens: 0, outputTokens: 0, hasMedia: false }
/** billed as a call, or not at all */
const ONE_REQUEST: CallBounds = { ...NO_TOKENS, quantities: { requests: 1 } }
const NOTHING_KNOWN: ModelBounds = { outputTokens: null, contextTokens: null }

export type ReadRoutedFacts = (question: {
  readonly request: RouterRequest
  readonly member: Member
  readonly isLocal: boolean
}) => RoutedFacts

/**
 * What it returns throws GatewayError where the tenant may not call that model, or the request names it in a way that the upstream could read otherwise.
 * `isLocal`: the gateway answers itself, and nothing can be used.
 */
export function createReadRoutedFacts({ region, modelBounds }: RoutedFactsDependencies): ReadRoutedFacts {
  const guards = new Map<string, Guard>()
  const guardOf = (path: string): Guard => {
    const known = guards.get(path) ?? createJsonGuard({ watch: [path] })
    guards.set(path, known)
    return known
  }
  return ({ request, member, isLocal }) => {
    const { router, body } = request
    const named = router.model === null ? null : modelNamed(router.model, request, guardOf)
    const model = resolved(named, router, region)
    checkModel(member.access, member.principal.tenant.id, model)
    const facts = router.model !== null && isJson(request) ? readBedrockFacts(headerOf(request), body) : NO_FACTS
    if (isLocal) return { model, facts, bounds: NO_TOKENS }
    if (router.usage === null) return { model, facts, bounds: ONE_REQUEST }
    const known = model.baseModel === null ? NOTHING_KNOWN : modelBounds(model.baseModel)
    const most = { ...known, outputTokens: router.usage.maxOutputTokens ?? known.outputTokens }
    return { model, facts, bounds: boundsOf({ operation: 'Router', facts, model, body, most }) }
  }
}

type Guard = ReturnType<typeof createJsonGuard<string>>

/** A call that names no model, or none that can be one, is the router's own: it has a name under which it can be allowed and priced. */
function resolved(named: string | null, router: Router, region: string): ResolvedModel {
  const parsed = named === null ? null : (parseModelId(named) ?? parseModelId(asModelId(named)))
  const own = asModelId(`router.${router.name}`)
  const base = { kind: 'base_model', baseModel: own, routing: 'regional', reach: 'in_region', region } as const
  if (parsed === null) return { modelId: own, ...base }
  return resolveParsed(parsed, region) ?? { ...base, modelId: parsed.modelId, kind: parsed.kind, baseModel: null }
}

/** In the letters that model ids have: "meta-llama/Llama-3.1-8B" is meta-llama-llama-3.1-8b. */
const asModelId = (text: string): string => text.toLowerCase().replaceAll(/[^a-z0-9.:-]+/g, '-')

function modelNamed(
  { from, value, prefix }: RouterModel,
  request: RouterRequest,
  guardOf: (path: string) => Guard,
): string | null {
  if (from === 'fixed') return prefix + value
  const found = from === 'path' ? segmentBehind(value, request.subpath) : memberAt(value, request, guardOf(value))
  return found === null ? null : prefix + found
}

/** As a server reads it: decoded once. */
function segmentBehind(segment: string, subpath: string): string | null {
  const segments = subpath.split('/')
  const at = segments.indexOf(segment)
  const found = at === -1 ? undefined : segments[at + 1]
  if (found === undefined || found === '') return null
  try {
    return decodeURIComponent(found)
  } catch {
    throw new GatewayError('invalid_request', { message: 'The model in the path is not well-formed percent-encoding.' })
  }
}

/** A member that stands twice on the way there is refused: the upstream could read the other one. */
function memberAt(path: string, request: RouterRequest, guard: Guard): string | null {
  if (!isJson(request)) return null
  const scan = guard.scan(request.body)
  if (!scan.ok) throw new GatewayError('invalid_request', { message: flawWords(scan.flaw, scan.offset, scan.key) })
  const text = scan.text(path)
  const value: unknown = text === undefined ? undefined : JSON.parse(text)
  return typeof value === 'string' && value !== '' ? value : null
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\b/i

function isJson({ headers, body }: RouterRequest): boolean {
  if (body.length === 0) return false
  const [type] = linesOf(headers, 'content-type')
  // upstreams there are that read JSON whatever it is called
  return type === undefined || JSON_TYPE.test(type) || OPENING.test(body.toString('latin1', 0, LONGEST_OPENING))
}

const LONGEST_OPENING = 1_024
const OPENING = /^(?:\xef\xbb\xbf)?\s*(?:\{|$)/

const headerOf =
  ({ headers }: RouterRequest) =>
  (name: string): string | undefined =>
    linesOf(headers, name)[0]
