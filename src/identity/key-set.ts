// The public keys of one issuer: fetched within limits, kept while it cannot be reached, asked for anew at most every half a minute.

import { createLocalJWKSet, errors, type JWK, type JWTHeaderParameters, type LocalJWKSet } from 'jose'
import { GatewayError } from '../core/errors.ts'
import type { Issuer } from '../core/identity.ts'
import { fetchJson, isRecord, type Fetch } from './fetch-json.ts'

type KeyOf = Awaited<ReturnType<LocalJWKSet>>

export type KeySet = {
  /** Rejects with jose's JWKSNoMatchingKey for a key that the issuer does not have, with GatewayError `overloaded` while it has none to show. */
  keyFor(header: JWTHeaderParameters): Promise<KeyOf>
}

export type KeySetDependencies = {
  readonly fetch: Fetch
  readonly now: () => number
  readonly onFailure: (issuer: Issuer, thrown: unknown) => void
}

export const KEY_SET_LIMITS = {
  maxKeys: 64,
  /** older keys are asked for anew beside the call that noticed */
  freshMilliseconds: 600_000,
  /** older ones are used no more: an issuer that withdrew a key is not ignored for ever */
  maxAgeMilliseconds: 86_400_000,
  /** between two questions to the issuer, whatever tokens ask for */
  cooldownMilliseconds: 30_000,
} as const

export function createKeySet(issuer: Issuer, dependencies: KeySetDependencies): KeySet {
  const { now, onFailure } = dependencies
  let keys: { readonly find: LocalJWKSet; readonly fetchedAt: number } | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | null = null

  const ask = async (): Promise<void> => {
    try {
      const find = createLocalJWKSet({ keys: await fetchKeys(issuer, dependencies.fetch) })
      keys = { find, fetchedAt: now() }
    } catch (thrown) {
      onFailure(issuer, thrown)
    }
  }
  /** One question at a time; none while the last is younger than the cooldown. */
  const refresh = async (): Promise<void> => {
    if (asking === null) {
      if (now() - askedAt < KEY_SET_LIMITS.cooldownMilliseconds) return
      askedAt = now()
      asking = ask().finally(() => {
        asking = null
      })
    }
    await asking
  }
  const usable = (): LocalJWKSet => {
    if (keys !== null && now() - keys.fetchedAt < KEY_SET_LIMITS.maxAgeMilliseconds) return keys.find
    throw new GatewayError('overloaded', { message: UNREACHABLE, retryAfterSeconds: 30 })
  }
  const age = (): number => (keys === null ? Number.POSITIVE_INFINITY : now() - keys.fetchedAt)

  return {
    async keyFor(header) {
      if (age() >= KEY_SET_LIMITS.maxAgeMilliseconds) await refresh()
      else if (age() >= KEY_SET_LIMITS.freshMilliseconds) void refresh()
      try {
        return await usable()(header)
      } catch (thrown) {
        if (!(thrown instanceof errors.JWKSNoMatchingKey)) throw thrown
        await refresh()
        return usable()(header)
      }
    },
  }
}

const UNREACHABLE = 'The issuer of this token does not give its keys at the moment; try again shortly.'

async function fetchKeys(issuer: Issuer, fetch: Fetch): Promise<JWK[]> {
  const found = await fetchJson(fetch, issuer.jwksUrl ?? (await discover(issuer, fetch)))
  const listed = found['keys']
  if (!Array.isArray(listed)) throw new TypeError('the key set has no list of keys')
  const keys = listed.filter((key: unknown): key is JWK => isRecord(key) && isPublic(key))
  if (keys.length > KEY_SET_LIMITS.maxKeys) throw new RangeError(`the key set has more than ${KEY_SET_LIMITS.maxKeys}`)
  if (keys.length === 0) throw new RangeError('the key set has no public key for signatures')
  return keys
}

const PUBLIC_KINDS = new Set(['RSA', 'EC', 'OKP'])

/** A secret, or the private half of a pair, in a public place can have signed anything. */
const isPublic = (key: Record<string, unknown>): boolean =>
  PUBLIC_KINDS.has(String(key['kty'])) && key['d'] === undefined && key['k'] === undefined && key['use'] !== 'enc'

/** The place of the keys is believed only from the document that names this very issuer. */
async function discover({ issuer }: Issuer, fetch: Fetch): Promise<string> {
  const found = await fetchJson(fetch, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const place = found['jwks_uri']
  if (found['issuer'] !== issuer) throw new Error('the discovery document is of another issuer')
  if (typeof place !== 'string' || !URL.canParse(place)) throw new Error('the discovery document names no jwks_uri')
  const { protocol } = new URL(place)
  if (protocol !== 'https:' && protocol !== new URL(issuer).protocol) throw new Error('its jwks_uri is not https')
  return place
}
