// Reads configs.json of the SaaS gateway sample: which endpoints, plans, tenants and keys its units become, and what of it does not come along.

import { TENANT_ID_PATTERN } from '../core/tenant.ts'
import { CommandFailure } from './failure.ts'
import { distinctEndpoints, endpointFlaw, type NamedEndpoint } from './import-endpoints.ts'
import { stringMapOf } from './python-literal.ts'

/** One entry of the file: a deployment of the sample, or a dedicated key on one. */
export type Unit = {
  readonly id: string
  readonly kind: 'deployment' | 'dedicated key'
  readonly requestsPerSecond: number
  readonly burst: number
  readonly endpoints: readonly NamedEndpoint[]
  /** one sentence for each thing that this gateway does not take over */
  readonly leftOut: readonly string[]
}

const REQUIREMENTS = ['BEDROCK_REQUIREMENTS', 'LANGCHAIN_REQUIREMENTS', 'PANDAS_REQUIREMENTS'] as const
const GATEWAY = ['API_GATEWAY_ID', 'API_GATEWAY_RESOURCE_ID'] as const
const TEXTS = [
  'STACK_PREFIX',
  'BEDROCK_ENDPOINT',
  'BEDROCK_RUNTIME_ENDPOINT',
  'VPC_CIDR',
  'PARENT_STACK_PREFIX',
  ...REQUIREMENTS,
  ...GATEWAY,
] as const
const KNOWN = new Set<string>([...TEXTS, 'API_THROTTLING_RATE', 'API_BURST_RATE', 'SAGEMAKER_ENDPOINTS'])

const MOST_UNITS = 1_000
const DEFAULT_RATE = 10_000
const LARGEST_RATE = 1_000_000_000

/** Throws CommandFailure that names the entry and the key. */
export function readUnits(content: readonly unknown[]): readonly Unit[] {
  if (content.length === 0) throw new CommandFailure(1, 'The file lists nothing.')
  if (content.length > MOST_UNITS) throw new CommandFailure(1, `The file lists more than ${MOST_UNITS} entries.`)
  const units = content.map(unitOf)
  const twice = units.find(({ id }, index) => units.findIndex((other) => other.id === id) < index)
  if (twice !== undefined) throw new CommandFailure(1, `STACK_PREFIX "${twice.id}" stands twice.`)
  distinctEndpoints(units.flatMap(({ endpoints }) => endpoints))
  return units
}

type Entry = Readonly<Record<string, unknown>>

function unitOf(entry: unknown, index: number): Unit {
  const wrong = (key: string, words: string): CommandFailure =>
    new CommandFailure(1, `[${index}]${key === '' ? '' : `.${key}`} ${words}`)
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw wrong('', 'must be an object.')
  const members = entry as Entry
  for (const key of Object.keys(members)) {
    if (!KNOWN.has(key)) throw wrong(key.slice(0, 80), `is not a key of this file; there are ${[...KNOWN].join(', ')}.`)
  }
  for (const key of TEXTS) {
    const value = members[key]
    if (value !== undefined && typeof value !== 'string') throw wrong(key, 'must be a text.')
  }
  const { STACK_PREFIX: id } = members
  if (typeof id !== 'string' || !TENANT_ID_PATTERN.test(id))
    throw wrong('STACK_PREFIX', 'must be 1 to 64 letters, digits, ".", "_" or "-": it becomes the tenant and the plan.')
  const requestsPerSecond = rateOf(members, 'API_THROTTLING_RATE', wrong)
  return {
    id,
    kind: kindOf(members, wrong),
    requestsPerSecond,
    burst: Math.max(rateOf(members, 'API_BURST_RATE', wrong), requestsPerSecond),
    endpoints: endpointsOf(members, wrong),
    leftOut: leftOutOf(members),
  }
}

type Wrong = (key: string, words: string) => CommandFailure

/** As the sample chooses between its two kinds of deployment. */
function kindOf(members: Entry, wrong: Wrong): Unit['kind'] {
  const has = (key: string): boolean => members[key] !== undefined && members[key] !== ''
  const given = GATEWAY.filter(has)
  if (has('VPC_CIDR') && REQUIREMENTS.every(has)) {
    if (given[0] !== undefined) throw wrong(given[0], 'does not go with VPC_CIDR and the three _REQUIREMENTS.')
    return 'deployment'
  }
  if (given.length < GATEWAY.length && !has('PARENT_STACK_PREFIX')) {
    const needed = 'VPC_CIDR and the three _REQUIREMENTS, or both API_GATEWAY ids, or PARENT_STACK_PREFIX'
    throw wrong('', `is neither a deployment nor a dedicated key: it needs ${needed}.`)
  }
  return 'dedicated key'
}

function rateOf(members: Entry, key: string, wrong: Wrong): number {
  const value = members[key] ?? DEFAULT_RATE
  const rate = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  if (typeof rate === 'number' && Number.isSafeInteger(rate) && rate >= 1 && rate <= LARGEST_RATE) return rate
  throw wrong(key, `must be a whole number from 1 to ${LARGEST_RATE}.`)
}

function endpointsOf(members: Entry, wrong: Wrong): readonly NamedEndpoint[] {
  const written = members['SAGEMAKER_ENDPOINTS'] ?? ''
  if (written === '') return []
  const map = stringMapOf(written)
  if (map === null) throw wrong('SAGEMAKER_ENDPOINTS', 'must be a map from names to endpoint names.')
  const endpoints = Object.entries(map).map(([name, endpointName]) => ({ name, endpointName }))
  const flaw = endpoints.map(endpointFlaw).find((words) => words !== null)
  if (flaw !== undefined) throw wrong('SAGEMAKER_ENDPOINTS', flaw)
  return endpoints
}

const leftOutOf = (members: Entry): readonly string[] =>
  hasOwnEndpoint(members) ? ['An endpoint of its own: set WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT if it is not AWS.'] : []

const AWS_ENDPOINT = /^https:\/\/bedrock(?:-runtime)?\.(?:\{[\w-]*\}|[a-z0-9-]+)\.amazonaws\.com\/?$/

const hasOwnEndpoint = (members: Entry): boolean =>
  ['BEDROCK_ENDPOINT', 'BEDROCK_RUNTIME_ENDPOINT'].some((key) => {
    const value = members[key] ?? ''
    return typeof value === 'string' && value !== '' && !AWS_ENDPOINT.test(value)
  })
