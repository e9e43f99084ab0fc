// Credentials for what is called: ready in memory when a call is signed, renewed in the background before they end.

export type SigningCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What a credential provider of the AWS SDK resolves to. */
export type ProvidedIdentity = SigningCredentials & { readonly expiration?: Date }

export type UpstreamCredentials =
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'sigv4'; readonly credentials: SigningCredentials }

export type CredentialSource = {
  /** What is in memory and still valid; null: call `load` first. */
  current(): UpstreamCredentials | null
  /** Loads or renews; rejects with words when there are none. Concurrent calls share one load. */
  load(): Promise<UpstreamCredentials>
}

const RENEW_BEFORE_END_MILLISECONDS = 5 * 60_000
const UNUSABLE_BEFORE_END_MILLISECONDS = 30_000

/** `provider` is any AWS SDK credential provider, such as fromNodeProviderChain() or fromTemporaryCredentials(). */
export function createCredentialSource(options: {
  readonly provider: () => Promise<ProvidedIdentity>
  readonly now: () => number
}): CredentialSource {
  const { provider, now } = options
  let held: { credentials: UpstreamCredentials; endsAt: number } | null = null
  let loading: Promise<UpstreamCredentials> | null = null
  const load = (): Promise<UpstreamCredentials> => {
    loading ??= provider()
      .then((identity) => {
        held = { credentials: toSigning(identity), endsAt: identity.expiration?.getTime() ?? Number.POSITIVE_INFINITY }
        return held.credentials
      })
      .finally(() => {
        loading = null
      })
    return loading
  }
  return {
    current() {
      if (held === null) return null
      const left = held.endsAt - now()
      if (left < UNUSABLE_BEFORE_END_MILLISECONDS) return null
      // A failed early renewal is tried again by the next call; the ones held still work.
      if (left < RENEW_BEFORE_END_MILLISECONDS && loading === null) load().catch(() => undefined)
      return held.credentials
    },
    load,
  }
}

export function createBearerSource(token: string): CredentialSource {
  const bearer: UpstreamCredentials = { kind: 'bearer', token }
  return { current: () => bearer, load: () => Promise.resolve(bearer) }
}

/** Those that a request can be signed with; rejects where there are none. */
export async function signingCredentials(source: CredentialSource): Promise<SigningCredentials> {
  const found = source.current() ?? (await source.load())
  if (found.kind === 'bearer') throw new Error('a bearer key signs nothing')
  return found.credentials
}

function toSigning(identity: ProvidedIdentity): UpstreamCredentials {
  const { accessKeyId, secretAccessKey, sessionToken } = identity
  const token = sessionToken === undefined ? {} : { sessionToken }
  return { kind: 'sigv4', credentials: { accessKeyId, secretAccessKey, ...token } }
}
