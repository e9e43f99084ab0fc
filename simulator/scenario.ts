// Scenarios: rules that choose calls by what they are and when they come, and the faults that these get. Deterministic for one seed.
import { type Fault, FaultSyntaxError, parseFaults } from './faults.ts'
import type { JsonObject } from './family.ts'
import { arrayAt, isObject, numberAt, objectAt, stringAt } from './json.ts'
import { digest, randomFrom } from './tokens.ts'

/** What a rule can look at. */
export type CallFacts = {
  operation: string
  modelId: string
  region: string
  accessKeyId: string
  headers: Readonly<Record<string, string>>
  /** looked at only when a rule asks for it */
  requestMetadata: () => Record<string, string>
  /** the same for the same request and its retries; looked at only for rules with a probability */
  bodyName: () => string
}

export type Scenario = {
  /** the faults of the first rule that applies to this call */
  faultsFor(facts: CallFacts): Fault[]
  /** more things that stand for a model: `type/name` of their ARN → model or profile id */
  aliases: Readonly<Record<string, string>>
}

/** A scenario that cannot be understood; the message names the place. */
export class ScenarioError extends Error {}

type Rule = {
  matches(facts: CallFacts): boolean
  nth: number | null
  every: number | null
  first: number | null
  probability: number | null
  faults: Fault[]
  oneOf: Fault[][]
}

const MAXIMUM_RULES = 1000
const MAXIMUM_REMEMBERED_BODIES = 200_000
const RULE_KEYS = new Set(['match', 'nth', 'every', 'first', 'probability', 'faults', 'one_of', 'comment'])
const MATCH_KEYS = new Set(['operation', 'model_id', 'region', 'access_key_id', 'headers', 'request_metadata'])

export const NO_SCENARIO: Scenario = { faultsFor: () => [], aliases: {} }

export const SCENARIO_HELP = `A scenario is a JSON file:
  {
    "seed": 7,
    "aliases": { "provisioned-model/abc": "amazon.nova-lite-v1:0" },
    "rules": [
      { "match": { "operation": "Converse*", "model_id": "*nova*", "request_metadata": { "team": "a" } },
        "nth": 3, "faults": ["throttle:retry_after=2"] },
      { "probability": 0.1, "one_of": ["reset:at=mid_event", "error", "usage:kind=missing"] }
    ]
  }
The first rule that applies to a call gives it its faults. A rule applies when everything in match fits (* stands for
anything; match may also name region, access_key_id and headers) and, counted over the calls that fit, the call is the
nth, or every so many, or among the first so many; and with probability, drawn from the seed and the call's body and how
often that body came, so that order and concurrency do not change the draw. one_of picks one entry by the same draw.
`

export function parseScenario(value: unknown): Scenario {
  if (!isObject(value)) throw new ScenarioError('A scenario is a JSON object.')
  refuseUnknown(value, new Set(['seed', 'rules', 'aliases', 'comment']), 'scenario')
  const list = arrayAt(value, 'rules') ?? []
  if (list.length > MAXIMUM_RULES) throw new ScenarioError(`A scenario has at most ${MAXIMUM_RULES} rules.`)
  const rules = list.map((rule, index) => parseRule(rule, `rules[${index}]`))
  const aliases = stringMap(objectAt(value, 'aliases') ?? {}, 'aliases')
  return { aliases, faultsFor: player(rules, String(numberAt(value, 'seed') ?? 1)) }
}

function player(rules: readonly Rule[], seed: string): Scenario['faultsFor'] {
  const counts = rules.map(() => 0)
  const seen = new Map<string, number>()
  return (facts) => {
    for (const [index, rule] of rules.entries()) {
      if (!rule.matches(facts)) continue
      const count = (counts[index] ?? 0) + 1
      counts[index] = count
      if (!isDue(rule, count)) continue
      const draw = rule.probability === null && rule.oneOf.length === 0 ? null : drawOf(seed, index, facts, seen)
      if (rule.probability !== null && draw !== null && draw() >= rule.probability) continue
      const picked = draw === null ? [] : (rule.oneOf[Math.floor(draw() * rule.oneOf.length)] ?? [])
      return [...rule.faults, ...picked]
    }
    return []
  }
}

const isDue = (rule: Rule, count: number): boolean =>
  (rule.nth === null || count === rule.nth) &&
  (rule.every === null || count % rule.every === 0) &&
  (rule.first === null || count <= rule.first)

/** Numbers that depend on the seed, the rule, the body and how often the rule met this body: a retry draws anew. */
function drawOf(seed: string, rule: number, facts: CallFacts, seen: Map<string, number>): () => number {
  const key = `${rule}/${facts.bodyName()}`
  const times = (seen.get(key) ?? 0) + 1
  if (seen.size >= MAXIMUM_REMEMBERED_BODIES) seen.clear()
  seen.set(key, times)
  return randomFrom(digest(`${seed}/${key}/${times}`))
}

function parseRule(value: unknown, place: string): Rule {
  if (!isObject(value)) throw new ScenarioError(`${place} is not an object.`)
  refuseUnknown(value, RULE_KEYS, place)
  const match = objectAt(value, 'match') ?? {}
  refuseUnknown(match, MATCH_KEYS, `${place}.match`)
  const probability = value.probability === undefined ? null : numberAt(value, 'probability')
  if (probability === undefined || (probability !== null && (probability < 0 || probability > 1))) {
    throw new ScenarioError(`${place}.probability is a number from 0 to 1.`)
  }
  return {
    matches: matcherOf(match, place),
    nth: countAt(value, 'nth', place),
    every: countAt(value, 'every', place),
    first: countAt(value, 'first', place),
    probability,
    faults: faultsAt(value, 'faults', place).flat(),
    oneOf: faultsAt(value, 'one_of', place),
  }
}

function matcherOf(match: JsonObject, place: string): (facts: CallFacts) => boolean {
  for (const key of ['operation', 'model_id', 'region', 'access_key_id']) {
    const text = match[key]
    if (text !== undefined && typeof text !== 'string') throw new ScenarioError(`${place}.match.${key} is not a text.`)
  }
  const glob = (key: string): string => stringAt(match, key) ?? '*'
  const metadata = Object.entries(
    stringMap(objectAt(match, 'request_metadata') ?? {}, `${place}.match.request_metadata`),
  )
  const headers = Object.entries(stringMap(objectAt(match, 'headers') ?? {}, `${place}.match.headers`))
  return (facts) =>
    matchesGlob(glob('operation'), facts.operation) &&
    matchesGlob(glob('model_id'), facts.modelId) &&
    matchesGlob(glob('region'), facts.region) &&
    matchesGlob(glob('access_key_id'), facts.accessKeyId) &&
    headers.every(([name, value]) => matchesGlob(value, facts.headers[name.toLowerCase()])) &&
    metadata.every(([name, value]) => matchesGlob(value, facts.requestMetadata()[name]))
}

/** `*` stands for any run of characters. Linear: each part is looked for once, behind the one before. */
export function matchesGlob(glob: string, text: string | undefined): boolean {
  if (text === undefined) return false
  const parts = glob.split('*')
  const head = parts[0] ?? ''
  if (parts.length === 1) return head === text
  const tail = parts.at(-1) ?? ''
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false
  let at = head.length
  const end = text.length - tail.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

function faultsAt(value: JsonObject, key: string, place: string): Fault[][] {
  const list = value[key] === undefined ? [] : arrayAt(value, key)
  if (list === undefined) throw new ScenarioError(`${place}.${key} is a list of faults.`)
  return list.map((text) => {
    if (typeof text !== 'string') throw new ScenarioError(`${place}.${key} is a list of texts.`)
    try {
      return parseFaults(text)
    } catch (error) {
      throw error instanceof FaultSyntaxError ? new ScenarioError(`${place}.${key}: ${error.message}`) : error
    }
  })
}

function countAt(value: JsonObject, key: string, place: string): number | null {
  const count = value[key]
  if (count === undefined) return null
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1) {
    throw new ScenarioError(`${place}.${key} is a whole number from 1.`)
  }
  return count
}

function stringMap(value: JsonObject, place: string): Record<string, string> {
  const map: Record<string, string> = {}
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new ScenarioError(`${place}.${key} is not a text.`)
    map[key] = text
  }
  return map
}

function refuseUnknown(value: JsonObject, known: ReadonlySet<string>, place: string): void {
  const unknown = Object.keys(value).filter((key) => !known.has(key))
  if (unknown.length > 0) throw new ScenarioError(`${place} has no ${unknown.join(', ')}; see --help scenario.`)
}
