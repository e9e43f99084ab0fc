// Reads from a native Bedrock request what policy and pricing need: output cap, tier, metadata. The body stays bytes.

import { GatewayError } from '../../core/errors.ts'
import { tierOfWire, type Tier } from '../../core/model.ts'
import { createJsonGuard, type JsonFlaw } from '../../http/json-guard.ts'
import { EXTRA_FIELDS, OUTPUT_CAP_PATHS } from '../output-caps.ts'
import { clientMetadata, type Header } from './client-metadata.ts'
import type { CallFacts } from './surface.ts'

const OUTPUT_CAPS: ReadonlySet<string> = new Set(OUTPUT_CAP_PATHS)
const withExtra = (...paths: readonly string[]): ReadonlySet<string> =>
  new Set(paths.flatMap((path) => [path, `${EXTRA_FIELDS}.${path}`]))
/** Where they put how many answers or images are wanted. */
const ANSWER_COUNTS = withExtra('n', 'num_generations', 'numResults', 'samples', 'imageGenerationConfig.numberOfImages')
/** How many tokens a model may think; counted as output, and not always within the cap. */
const THINKING_BUDGETS = withExtra('thinking.budget_tokens', 'reasoning_config.budget_tokens')
/** Where films say how long they are to be: Nova Reel in seconds, Luma Ray as "5s". */
const DURATIONS: ReadonlySet<string> = new Set([
  'modelInput.videoGenerationConfig.durationSeconds',
  'modelInput.textToVideoParams.durationSeconds',
  'modelInput.duration',
])
const SHOTS = 'modelInput.multiShotManualParams.shots'
/** Lists of images that no member called "image" tells apart (Llama, Cohere Embed, Marengo). */
const IMAGE_LISTS: ReadonlySet<string> = new Set([
  'images',
  'multi_input.mediaSources',
  'modelInput.multi_input.mediaSources',
])
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

/** `paths`: the watched ones that the body has */
type Read = { readonly paths: readonly string[]; at(path: string): unknown }

export function readBedrockFacts(header: Header, body: Buffer): CallFacts {
  const read = readerOf(body)
  const modelId = read.at(MODEL_ID)
  return {
    modelId: typeof modelId === 'string' ? modelId : null,
    tier: tierOf(header(SERVICE_TIER_HEADER) ?? read.at(SERVICE_TIER), header(LATENCY_HEADER) ?? read.at(LATENCY)),
    tiers: tiersOf(header, read),
    caps: capsOf(read),
    answers: Math.max(
      1,
      highest(read, ANSWER_COUNTS, (value) => countOf(value, 'The number of answers')),
    ),
    seconds: secondsOf(read),
    variant: '',
    metadata: withClients(header, metadataOf(header(METADATA_HEADER), read.at(METADATA))),
    thinkingTokens: highest(read, THINKING_BUDGETS, (value) => countOf(value, 'The thinking budget')),
    isGuarded: header(GUARDRAIL_HEADER) !== undefined || isSaid(read.at(GUARDRAIL)),
    inputImages: highest(read, IMAGE_LISTS, lengthOf),
    shots: lengthOf(read.at(SHOTS)),
    continues: false,
  }
}

const isSaid = (value: unknown): boolean => value !== undefined && value !== null
const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0)

/** Of those among the paths at which something stands; 0: at none. */
function highest(read: Read, among: ReadonlySet<string>, count: (value: unknown) => number): number {
  let most = 0
  for (const path of read.paths) {
    if (!among.has(path)) continue
    const value = read.at(path)
    if (isSaid(value)) most = Math.max(most, count(value))
  }
  return most
}

const NO_CAPS: ReadonlyMap<string, number> = new Map()

function capsOf(read: Read): ReadonlyMap<string, number> {
  let caps: Map<string, number> | null = null
  for (const path of read.paths) {
    if (!OUTPUT_CAPS.has(path)) continue
    const value = read.at(path)
    if (isSaid(value)) (caps ??= new Map()).set(path, countOf(value, 'The output token limit'))
  }
  return caps ?? NO_CAPS
}

const ONLY_STANDARD: readonly Tier[] = ['standard']

/** Every tier that is named anywhere, and the standard one, which Bedrock may serve instead of each. */
function tiersOf(header: Header, read: Read): readonly Tier[] {
  const services = [header(SERVICE_TIER_HEADER), read.at(SERVICE_TIER), read.at(CHAT_SERVICE_TIER)]
  const latencies = [header(LATENCY_HEADER), read.at(LATENCY)]
  if (!services.some(isSaid) && !latencies.some(isSaid)) return ONLY_STANDARD
  const named = [...services.map((tier) => tierOf(tier, null)), ...latencies.map((latency) => tierOf(null, latency))]
  return [...new Set([...ONLY_STANDARD, ...named])]
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
  const path = read.paths.find((one) => DURATIONS.has(one))
  const given = path === undefined ? undefined : read.at(path)
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

const NOTHING: Read = { paths: [], at: () => undefined }

function readerOf(body: Buffer): Read {
  if (body.length === 0) return NOTHING
  const scan = GUARD.scan(body)
  if (!scan.ok) throw new GatewayError('invalid_request', { message: flawWords(scan.flaw, scan.offset, scan.key) })
  return {
    paths: scan.found,
    at(path) {
      const text = scan.text(path)
      return text === undefined ? undefined : JSON.parse(text)
    },
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
