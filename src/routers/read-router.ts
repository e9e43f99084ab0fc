// One router as people write it: which fields it may have, and which of them go together.

import {
  LIMIT_ID_PATTERN,
  LIMIT_KINDS,
  LIMIT_MODES,
  LIMIT_PERIODS,
  limitOf,
  TOKEN_SIDES,
  type Limit,
} from '../core/limit.ts'
import { linearPattern } from '../core/linear-pattern.ts'
import { parsePicoUsd } from '../core/money.ts'
import {
  ROUTER_PATH_PATTERN,
  surfaceOfRouter,
  type HeaderRule,
  type Router,
  type RouterCredential,
  type RouterModel,
  type RouterUsage,
} from '../core/router.ts'
import { TENANT_ID_PATTERN } from '../core/tenant.ts'
import { DIMENSION_NAMES } from '../core/usage.ts'
import { readTarget } from './read-target.ts'
import type { Section } from './section.ts'

/** What all routers of a file share. */
export type RouterDefaults = {
  readonly removedHeaders: readonly string[]
  readonly maskedHeaders: readonly string[]
  /** the text of a certificate file; throws with words that may be shown */
  readonly readCertificates: (file: string) => string
}

export const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/
export const HEADER_WORDS = 'must be the name of a header'
const MOST_HEADERS = 64

/** Paths that belong to the gateway itself, by their first segment. */
export const RESERVED_SEGMENTS: ReadonlySet<string> = new Set([
  'admin',
  'anthropic',
  'api',
  'bedrock',
  'console',
  'guardrail',
  'healthz',
  'metrics',
  'model',
  'openai',
  'readyz',
  'v1',
  'ws',
])

export function readRouter(section: Section, defaults: RouterDefaults): Router {
  const path = readPath(section)
  const name = section.text('name', /^[a-zA-Z0-9][a-zA-Z0-9/._-]{0,63}$/, NAME_WORDS) ?? path.slice(1, -1)
  const ingress = section.section('ingress')
  const outbound = section.section('outbound')
  const isEcho = section.flag('echo', false)
  if (isEcho && outbound.names.length > 0) section.problem('outbound', 'goes nowhere where echo is true: leave it out')
  const headerRules = readRules(ingress)
  const router: Router = {
    name,
    path,
    headerRules,
    credential: readCredential(ingress, headerRules),
    tenantIds: ingress.texts('tenants', 1_000, TENANT_ID_PATTERN, 'must be the id of a tenant'),
    target: isEcho ? null : readTarget(outbound, defaults.readCertificates),
    setHeaders: readSetHeaders(outbound),
    removedHeaders: new Set([...defaults.removedHeaders, ...headerNames(outbound, 'remove_headers')]),
    maskedHeaders: new Set([...defaults.maskedHeaders, ...headerNames(section, 'masked_headers')]),
    model: readModel(section),
    usage: readUsage(section.section('usage')),
    limits: section.sections('limits', 50).map((limit) => readLimit(limit, name)),
    maxBodyBytes: ingress.whole('max_body_bytes', { from: 0, to: 1_000_000_000 }),
    retries: outbound.whole('retries', { from: 0, to: 10 }) ?? 0,
  }
  checkPresigned(outbound, router)
  for (const read of [ingress, outbound, section]) read.end()
  return router
}

const NAME_WORDS = 'must be at most 64 letters, digits, "/", ".", "_" or "-"'

function readPath(section: Section): string {
  const path = section.text(
    'path',
    ROUTER_PATH_PATTERN,
    'must be slashes around letters and digits, such as "/service/standard/"',
  )
  if (path === null) {
    if (!section.has('path')) section.problem('path', 'is missing')
    return '/?/'
  }
  const [, first = ''] = path.split('/')
  if (RESERVED_SEGMENTS.has(first.toLowerCase()))
    section.problem('path', `begins with "/${first}/", which is the gateway's own`)
  return path
}

export const headerNames = (section: Section, name: string): readonly string[] =>
  (section.texts(name, MOST_HEADERS, HEADER_NAME, HEADER_WORDS) ?? []).map((header) => header.toLowerCase())

const PATTERN_PREFIX = 'regex:'

function readRules(ingress: Section): readonly HeaderRule[] {
  const headers = ingress.section('headers')
  if (headers.names.length > MOST_HEADERS) ingress.problem('headers', `has more than ${MOST_HEADERS} headers`)
  return headers.names.slice(0, MOST_HEADERS).map((written) => {
    if (!HEADER_NAME.test(written)) headers.problem(written, HEADER_WORDS)
    const values = headers.texts(written, 100) ?? []
    const [first = ''] = values
    const name = written.toLowerCase()
    if (!first.startsWith(PATTERN_PREFIX)) {
      if (values.some((value) => value === '')) headers.problem(written, 'has an empty value, which no header can need')
      return { name, values: values.length === 0 ? null : values, pattern: null }
    }
    if (values.length > 1)
      headers.problem(written, 'has a pattern, which stands alone: put its choices into it with "|"')
    try {
      return { name, values: null, pattern: linearPattern(first.slice(PATTERN_PREFIX.length)) }
    } catch (thrown) {
      headers.problem(written, `has a pattern that ${thrown instanceof Error ? thrown.message : 'cannot be read'}`)
      return { name, values: null, pattern: null }
    }
  })
}

const CREDENTIALS = ['key', 'rules', 'presigned'] as const
/** They say nothing of who calls. */
const IMPERSONAL = new Set(['accept', 'accept-encoding', 'content-length', 'content-type', 'host', 'user-agent'])

function readCredential(ingress: Section, rules: readonly HeaderRule[]): RouterCredential {
  const kind = ingress.choice('credential', CREDENTIALS, 'key')
  const tenantId = ingress.text('tenant', TENANT_ID_PATTERN, 'must be the id of a tenant')
  if (kind === 'key') {
    if (ingress.has('tenant')) ingress.problem('tenant', 'is charged only where credential is "rules" or "presigned"')
    return { kind }
  }
  if (!ingress.has('tenant'))
    ingress.problem('tenant', `is missing: whom calls are charged to, with credential "${kind}"`)
  if (kind === 'rules' && !rules.some(({ name, values }) => values?.every(Boolean) && !IMPERSONAL.has(name)))
    ingress.problem(
      'credential',
      'is "rules", but no rule names the exact value of a header of its own, such as Api-Key: anybody could call',
    )
  return { kind, tenantId: tenantId ?? '' }
}

/** Texts in a list are several lines of one header. */
function readSetHeaders(outbound: Section): readonly string[] {
  const headers = outbound.section('headers')
  if (headers.names.length > MOST_HEADERS) outbound.problem('headers', `has more than ${MOST_HEADERS} headers`)
  return headers.names.slice(0, MOST_HEADERS).flatMap((written) => {
    const name = written.toLowerCase()
    if (!HEADER_NAME.test(written)) headers.problem(written, HEADER_WORDS)
    if (NOT_SET.has(name)) headers.problem(written, 'is written by the gateway itself')
    const values = headers.texts(written, 10, HEADER_VALUE, 'has a value that no header can have') ?? []
    return values.flatMap((value) => [name, value])
  })
}

const NOT_SET = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What the client signed for the upstream must arrive there as it was signed. */
function checkPresigned(outbound: Section, { credential, setHeaders, target }: Router): void {
  if (credential.kind !== 'presigned') return
  const touchesSignature = setHeaders.some((name, index) => index % 2 === 0 && SIGNED.has(name))
  if (touchesSignature) outbound.problem('headers', 'sets a header of the signature, and credential is "presigned"')
  if (target !== null && (target.endpoint !== null || target.query !== '' || target.basePath !== ''))
    outbound.problem('url', 'must be a host alone where credential is "presigned": path and query are signed')
}

const SIGNED = new Set(['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256'])

const MODEL_WORDS = 'must be at most 256 printable characters without spaces'
const PRINTABLE = /^[!-~]{1,256}$/

/** A text alone is the id itself. */
function readModel(section: Section): RouterModel | null {
  const written = section.raw('model')
  if (written === undefined || written === null) return null
  if (typeof written !== 'object')
    return { from: 'fixed', value: section.text('model', PRINTABLE, MODEL_WORDS) ?? '', prefix: '' }
  const model = section.section('model')
  const prefix = model.text('prefix', /^[!-~]{1,64}$/, 'must be at most 64 printable characters') ?? ''
  const found = (['fixed', 'body', 'path'] as const).flatMap((from) => {
    const value = model.text(from, PRINTABLE, MODEL_WORDS)
    return value === null ? [] : [{ from, value, prefix }]
  })
  if (found.length !== 1) section.problem('model', 'must have one of fixed, body and path')
  model.end()
  return found[0] ?? null
}

const JSON_PATH = /^[^\0]{1,256}$/

function readUsage(usage: Section): RouterUsage | null {
  if (usage.names.length === 0) return null
  const paths = DIMENSION_NAMES.flatMap((dimension) =>
    (usage.texts(dimension, 10, JSON_PATH, 'must be a path of keys joined by dots') ?? []).map(
      (text) => [dimension, stepsOf(text)] as const,
    ),
  )
  const inside = usage.section('includes')
  const includes = DIMENSION_NAMES.flatMap((whole) =>
    (inside.texts(whole, 10) ?? []).flatMap((text) => {
      const part = DIMENSION_NAMES.find((name) => name === text)
      if (part === undefined) inside.problem(whole, `names "${text.slice(0, 40)}", which is no dimension of usage`)
      return part === undefined ? [] : [[whole, part] as const]
    }),
  )
  const maxOutputTokens = usage.whole('max_output_tokens', { from: 0, to: 10_000_000 })
  inside.end()
  usage.end()
  return { paths, includes, maxOutputTokens }
}

/** Dots part the steps, `\.` is a dot inside a key. What the gateway of the samples put in front of its paths is left out. */
const stepsOf = (text: string): readonly string[] =>
  text
    .replace(/^inbound_payload\./, '')
    .split(/(?<!\\)\./)
    .map((step) => step.replaceAll('\\.', '.'))

function readLimit(section: Section, router: string): Limit {
  const kind = section.choice('kind', LIMIT_KINDS, 'requests')
  const written = section.text('per')
  const per = LIMIT_PERIODS.find((period) => period === written) ?? null
  if (kind === 'concurrency' ? written !== null : per === null)
    section.problem(
      'per',
      kind === 'concurrency' ? 'has no meaning for calls at once' : `must be one of ${LIMIT_PERIODS.join(', ')}`,
    )
  const amount = readAmount(section, kind)
  const burst = section.whole('burst', { from: 1, to: Number.MAX_SAFE_INTEGER })
  if (burst !== null && per !== 'second' && per !== 'minute') section.problem('burst', 'goes with a second or a minute')
  const limit = limitOf({
    id: section.text('id', LIMIT_ID_PATTERN, 'must be lower-case letters, digits, ".", "_" and "-"') ?? '',
    kind,
    amount,
    per,
    burst: burst === null ? null : BigInt(burst),
    mode: section.choice('mode', LIMIT_MODES, 'hard'),
    counts: section.choice('counts', TOKEN_SIDES, 'both'),
    scope: { surfaces: [surfaceOfRouter(router)] },
  })
  section.end()
  return limit
}

function readAmount(section: Section, kind: Limit['kind']): bigint {
  const text = section.text('amount')
  if (text === null) {
    if (!section.has('amount')) section.problem('amount', 'is missing')
    return 0n
  }
  if (kind !== 'cost' && /^\d{1,15}$/.test(text)) return BigInt(text)
  if (kind === 'cost' && /^\d{1,12}(?:\.\d{1,12})?$/.test(text)) return parsePicoUsd(text)
  section.problem('amount', kind === 'cost' ? 'must be an amount in USD, such as "25"' : 'must be a whole number')
  return 0n
}
