// Options about model access, the same for plans and tenants: what may be called, where, with which tier, and what is written to a call.

import { flag, list, text } from './command.ts'
import { usage } from './failure.ts'

export const ACCESS_OPTIONS = {
  'deny-model': list('glob', 'a model id or pattern that may not be called, whatever allows it'),
  region: list('region', 'a region that calls may be sent to'),
  routing: list('in_region|geographic|global', 'how far calls may be routed'),
  tier: list('tier', 'a service tier that calls may ask for; the first is for all that ask for another'),
  send: list('glob=ARN', 'provisioned throughput or an application inference profile to send calls of a model to'),
  metadata: list('key=value', 'request metadata for each call; may hold {tenant_id}, {key_id}, {attribute.<name>}'),
  guardrail: text('id:version', 'a guardrail for each call'),
  'guardrail-trace': text('enabled|enabled_full|disabled', 'what its answers say of it'),
  'guardrail-async': flag('streams do not wait for it'),
  role: text('ARN', 'an IAM role whose session signs the calls'),
  'role-external-id': text('text', 'the external id that the role asks for'),
  'session-tag': list('key=value', 'a tag of that session; may hold what metadata may'),
} as const

export type AccessOptions = {
  readonly 'deny-model': readonly string[]
  readonly region: readonly string[]
  readonly routing: readonly string[]
  readonly tier: readonly string[]
  readonly send: readonly string[]
  readonly metadata: readonly string[]
  readonly guardrail: string | undefined
  readonly 'guardrail-trace': string | undefined
  readonly 'guardrail-async': boolean
  readonly role: string | undefined
  readonly 'role-external-id': string | undefined
  readonly 'session-tag': readonly string[]
}

/** The member `access` as the control plane takes it, which also judges it; nothing where nothing was given. */
export function accessOf(options: AccessOptions): { readonly access?: Record<string, unknown> } {
  const access = {
    ...listed('denied_models', options['deny-model']),
    ...listed('regions', options.region),
    ...listed('routing', options.routing),
    ...listed('service_tiers', options.tier),
    ...paired('send_to', 'send', options.send),
    ...paired('request_metadata', 'metadata', options.metadata),
    ...guardrailOf(options),
    ...roleOf(options),
  }
  return Object.keys(access).length === 0 ? {} : { access }
}

const listed = (name: string, values: readonly string[]) => (values.length === 0 ? {} : { [name]: values })

const paired = (name: string, option: string, pairs: readonly string[]) =>
  pairs.length === 0 ? {} : { [name]: pairsOf(option, pairs) }

/** From "name=value", the option repeated for each. */
export function pairsOf(option: string, pairs: readonly string[]): Record<string, string> {
  const entries = pairs.map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw usage(`--${option} "${pair.slice(0, 80)}" is not of the form name=value.`)
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  return Object.fromEntries(entries)
}

function guardrailOf(options: AccessOptions): Record<string, unknown> {
  const { guardrail, 'guardrail-trace': trace, 'guardrail-async': isAsync } = options
  if (guardrail === undefined) {
    if (trace !== undefined || isAsync) throw usage('--guardrail is missing: which guardrail is it about?')
    return {}
  }
  const at = guardrail.lastIndexOf(':')
  if (at < 1) throw usage(`--guardrail "${guardrail.slice(0, 80)}" is not of the form id:version.`)
  return {
    guardrail: {
      id: guardrail.slice(0, at),
      version: guardrail.slice(at + 1),
      ...(trace === undefined ? {} : { trace }),
      ...(isAsync ? { stream_processing: 'async' } : {}),
    },
  }
}

function roleOf(options: AccessOptions): Record<string, unknown> {
  const { role, 'role-external-id': externalId, 'session-tag': tags } = options
  if (role === undefined) {
    if (externalId !== undefined || tags.length > 0) throw usage('--role is missing: whose session is it?')
    return {}
  }
  return {
    assume_role: {
      role_arn: role,
      ...(externalId === undefined ? {} : { external_id: externalId }),
      session_tags: pairsOf('session-tag', tags),
    },
  }
}

const EMPTY = new Set(['', '[]', '{}', 'null'])

/** Only what is said, for tables. */
export function accessText(access: unknown): string {
  const said = Object.entries(Object(access) as object).filter(([, value]) => !EMPTY.has(JSON.stringify(value)))
  return said.length === 0 ? '-' : JSON.stringify(Object.fromEntries(said))
}
