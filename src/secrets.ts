// The two secrets of an installation: the admin token, kept as a hash, and the root secret that key pairs and seals are derived from.

import { createCipheriv, createDecipheriv, createHmac, hash, hkdfSync, randomBytes } from 'node:crypto'
import type { Seal } from './core/seal.ts'

export type SecretSettings = {
  get(name: string): Promise<string | null>
  set(name: string, value: string): Promise<void>
}

const ADMIN_TOKEN_HASH = 'admin_token_sha256'
const ROOT_SECRET = 'root_secret'
const MOST_DERIVED = 100_000

/** `made`: the new token in clear, once, when none was configured and none existed; null otherwise. */
export async function adminTokenHash(
  configured: string | null,
  settings: SecretSettings,
): Promise<{ readonly hash: string; readonly made: string | null }> {
  if (configured !== null) return { hash: hash('sha256', configured, 'hex'), made: null }
  const kept = await settings.get(ADMIN_TOKEN_HASH)
  if (kept !== null) return { hash: kept, made: null }
  const made = `wba_${randomBytes(24).toString('hex')}`
  const made256 = hash('sha256', made, 'hex')
  await settings.set(ADMIN_TOKEN_HASH, made256)
  return { hash: made256, made }
}

export async function rootSecret(configured: string | null, settings: SecretSettings): Promise<string> {
  const kept = configured ?? (await settings.get(ROOT_SECRET))
  if (kept !== null) return kept
  const made = randomBytes(32).toString('hex')
  await settings.set(ROOT_SECRET, made)
  return made
}

/** HMAC-SHA256 over the access key id: the same pair on every node, and nothing secret to keep for each key. */
export function createSecretDerivation(root: string): (accessKeyId: string) => string {
  const derived = new Map<string, string>()
  return (accessKeyId) => {
    let secret = derived.get(accessKeyId)
    if (secret === undefined) {
      secret = createHmac('sha256', root).update(`sigv4:${accessKeyId}`).digest('base64url')
      if (derived.size >= MOST_DERIVED) derived.clear()
      derived.set(accessKeyId, secret)
    }
    return secret
  }
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** AES-256-GCM under a key derived from the root secret for this one purpose: secrets that have to be used again, not only compared. */
export function createSeal(root: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', root, '', 'weighbridge: sealed secrets, 1', 32))
  return {
    seal(text, owner) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
    },
    open(sealed, owner) {
      const bytes = Buffer.from(sealed, 'base64')
      if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('unable to authenticate a sealed secret that was cut')
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(owner)).setAuthTag(tag)
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString(
        'utf8',
      )
    },
  }
}
