// Reads from a native Bedrock request what policy and pricing need: output cap, tier, metadata. The body stays bytes.

import { GatewayError } from '../../core/errors.ts'
import { tierOfWire, type Tier } from '../../core/model.ts'
import { createJsonGuard, type JsonFlaw } from '../../http/json-guard.ts'
import { EXTRA_FIELDS, OUTPUT_CAP_PATHS } from '../output-caps.ts'
import { clientMetadata, type Header } from './client-metadata.ts'
import type { CallFacts } from './surface.ts'

/** Where they put how many answers or images are wanted. */
const ANSWER_COUNTS = ['n', 'num_generations', 'numResults', 'samples', 'imageGenerationConfig.numberOfImages'].flatMap(
  (path) => [path, `${EXTRA_FIELDS}.${path}`],
)
/** How many tokens a model may think; counted as output, and not always within the cap. */
const THINKING_BUDGETS = ['thinking.budget_tokens', 'reasoning_config.budget_tokens'].flatMap((path) => [
  path,
  `${EXTRA_FIELDS}.${path}`,
])
/** Where films say how long they are to be: Nova Reel in seconds, Luma Ray as "5s". */
const DURATIONS = [
  'modelInput.videoGenerationConfig.durationSeconds',
  'modelInput.textToVideoParams.durationSeconds',
  'modelInput.duration',
]
const SHOTS = 'modelInput.multiShotManualParams.shots'
/** Lists of images that no member called "image" tells apart (Llama, Cohere Embed, Marengo). */
const IMAGE_LISTS = ['images', 'multi_input.mediaSources', 'modelInput.multi_input.mediaSources']
const MODEL_ID = 'modelId'
const SERVICE_TIER = 'serviceTier.type'
const CHAT_SERVICE_TIER = 'service_tier'
const LATENCY = 'performanceConfig.latency'
const GUARDRAIL = 'guardrailConfig'
const METADATA = 'requestMetadata'

/** Every place of a body that is read at all; a key that stands twice on the way to one of them makes the request invalid. */
const WATCHED_PATHS: readonly string[] = [
  ...OUTPUT_CAP_PATHS,
  ...ANSWER_COUNTS,
  ...THINKING_BUDGETS,
  ...DURATIONS,
  SHOTS,
  ...IMAGE_LISTS,
  MODEL_ID,
  SERVICE_TIER,
  CHAT_SERVICE_TIER,
  GUARDRAIL,
  LATENCY,
  METADATA,
]

const GUARD = createJsonGuard({ watch: WATCHED_PATHS })

const SERVICE_TIER_HEADER = 'x-amzn-bedrock-service-tier'
const LATENCY_HEADER = 'x-amzn-bedrock-performanceconfig-latency'
const GUARDRAIL_HEADER = 'x-amzn-bedrock-guardrailidentifier'
const METADATA_HEADER = 'x-amzn-bedrock-request-metadata'
const LARGEST_COUNT = 1_000_000_000

type Read = (path: string) => unknown

export function readBedrockFacts(header: Header, body: Buffer): CallFacts {
  const read = readerOf(body)
  const modelId = read(MODEL_ID)
  return {
    modelId: typeof modelId === 'string' ? modelId : null,
    tier: tierOf(header(SERVICE_TIER_HEADER) ?? read(SERVICE_TIER), header(LATENCY_HEADER) ?? read(LATENCY)),
    tiers: tiersOf(header, read),
    caps: capsOf(read),
    answers: Math.max(1, ...ANSWER_COUNTS.map((path) => countOf(read(path) ?? 1, 'The number of answers'))),
    seconds: secondsOf(read),
    variant: '',
    metadata: withClients(header, metadataOf(header(METADATA_HEADER), read(METADATA))),
    thinkingTokens: Math.max(0, ...THINKING_BUDGETS.map((path) => countOf(read(path) ?? 0, 'The thinking budget'))),
    isGuarded: header(GUARDRAIL_HEADER) !== undefined || isSaid(read(GUARDRAIL)),
    inputImages: Math.max(0, ...IMAGE_LISTS.map((path) => lengthOf(read(path)))),
    shots: lengthOf(read(SHOTS)),
  }
}

const isSaid = (value: unknown): boolean => value !== undefined && value !== null
const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0)

const NO_CAPS: ReadonlyMap<string, number> = new Map()

function capsOf(read: Read): ReadonlyMap<string, number> {
  let caps: Map<string, number> | null = null
  for (const path of OUTPUT_CAP_PATHS) {
    const value = read(path)
    if (isSaid(value)) (caps ??= new Map()).set(path, countOf(value, 'The output token limit'))
  }
  return caps ?? NO_CAPS
}

const ONLY_STANDARD: readonly Tier[] = ['standard']

/** Every tier that is named anywhere, and the standard one, which Bedrock may serve instead of each. */
function tiersOf(header: Header, read: Read): readonly Tier[] {
  const named = [header(SERVICE_TIER_HEADER), read(SERVICE_TIER), read(CHAT_SERVICE_TIER)].map((tier) =>
    tierOf(tier, null),
  )
  named.push(tierOf(null, header(LATENCY_HEADER)), tierOf(null, read(LATENCY)))
  const others = named.filter((tier) => tier !== 'standard')
  return others.length === 0 ? ONLY_STANDARD : [...ONLY_STANDARD, ...new Set(others)]
}

/** The tier that is asked for; which one is served, and billed, is in the answer. */
function tierOf(serviceTier: unknown, latency: unknown): Tier {
  if (latency === 'optimized') return 'latency_optimized'
  const tier = typeof serviceTier === 'string' ? tierOfWire(serviceTier) : null
  return tier ?? 'standard'
}

function countOf(value: unknown, words: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LARGEST_COUNT) return value
  throw new GatewayError('invalid_request', { message: `${words} must be a whole number from 0 to ${LARGEST_COUNT}.` })
}

function secondsOf(read: Read): number | null {
  const given = DURATIONS.map(read).find((value) => value !== undefined)
  const seconds = typeof given === 'string' && /^\d{1,4}s$/.test(given) ? Number(given.slice(0, -1)) : given
  return typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 0 ? seconds : null
}

const NO_METADATA: Readonly<Record<string, string>> = {}

/** Only text values count; what Bedrock thinks of the rest, Bedrock says. */
function metadataOf(header: string | undefined, inBody: unknown): Readonly<Record<string, string>> {
  const given = header === undefined ? inBody : parse(header)
  if (typeof given !== 'object' || given === null) return NO_METADATA
  const texts = Object.entries(given).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return texts.length === 0 ? NO_METADATA : Object.fromEntries(texts)
}

/** What the caller writes goes before what its client says of itself. */
function withClients(header: Header, given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = clientMetadata(header)
  return own === null ? given : { ...own, ...given }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function readerOf(body: Buffer): Read {
  if (body.length === 0) return () => undefined
  const scan = GUARD.scan(body)
  if (!scan.ok) throw new GatewayError('invalid_request', { message: flawWords(scan.flaw, scan.offset, scan.key) })
  return (path) => {
    const text = scan.text(path)
    return text === undefined ? undefined : JSON.parse(text)
  }
}

const FLAWS: Readonly<Record<JsonFlaw, string>> = {
  byte_order_mark: 'begins with a byte order mark',
  invalid_utf8: 'is not valid UTF-8',
  syntax: 'is not valid JSON',
  trailing_bytes: 'goes on after its JSON value',
  too_deep: 'is nested too deep',
  too_many_keys: 'has too many members',
  duplicate_key: 'names a member twice',
}

export const flawWords = (flaw: JsonFlaw, offset: number, key: string | null): string =>
  `The request body ${FLAWS[flaw]}${key === null ? '' : `: "${key.slice(0, 100)}"`} (at byte ${offset}).`
