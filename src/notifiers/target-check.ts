// What can be told of a target before anything is sent: a URL that is none, an address that is closed, TLS that is missing.

import type { TargetSettings } from '../core/alert-delivery.ts'
import { hostOf, plainHost, type AddressGuard } from './address-guard.ts'
import { TOPIC_ARN } from './sns.ts'
import { isIP } from 'node:net'

export type TargetProblem = { readonly field: string; readonly message: string }

/** `secretUrl` is the URL of a target whose URL is its secret. Names are judged when they are connected to, each time. */
export function targetProblem(
  guard: AddressGuard,
  settings: TargetSettings,
  secretUrl: string | null,
): TargetProblem | null {
  switch (settings.kind) {
    case 'webhook':
      return urlProblem(guard, settings.url)
    case 'slack':
      return secretUrl === null ? null : urlProblem(guard, secretUrl)
    case 'smtp':
      return mailProblem(guard, settings.host, settings.security === 'none')
    case 'sns':
      return TOPIC_ARN.test(settings.topicArn)
        ? null
        : { field: 'topic_arn', message: 'topic_arn must be the ARN of an SNS topic.' }
  }
}

function urlProblem(guard: AddressGuard, written: string): TargetProblem | null {
  const refuse = (message: string): TargetProblem => ({ field: 'url', message: `url ${message}.` })
  const url = URL.canParse(written) ? new URL(written) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return refuse('must be an https URL')
  if (url.username !== '' || url.password !== '') return refuse('must not hold a user or a password')
  const host = hostOf(url)
  const closed = closedLiteral(guard, host)
  if (closed !== null) return refuse(`cannot be used: ${closed}`)
  return url.protocol === 'https:' || guard.isNamed(host)
    ? null
    : refuse('must be an https URL, unless WEIGHBRIDGE_ALERT_ALLOWED_HOSTS names its host')
}

function mailProblem(guard: AddressGuard, written: string, inClear: boolean): TargetProblem | null {
  const host = plainHost(written)
  if (host === null) return { field: 'host', message: 'host must be the name or the address of a mail server.' }
  const closed = closedLiteral(guard, host)
  if (closed !== null) return { field: 'host', message: `host cannot be used: ${closed}.` }
  return inClear && !guard.isNamed(host)
    ? {
        field: 'security',
        message: 'security must be tls or starttls, unless WEIGHBRIDGE_ALERT_ALLOWED_HOSTS names the host.',
      }
    : null
}

const closedLiteral = (guard: AddressGuard, host: string): string | null =>
  isIP(host) === 0 ? null : guard.refusalOf(host, host)
