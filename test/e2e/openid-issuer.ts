// An OpenID issuer for tests: signs what it is told, publishes what it is told, and can be unreachable.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'

export type TestIssuer = {
  readonly url: string
  /** what /jwks answers */
  keys: JWK[]
  /** status of every answer */
  status: number
  /** how often /jwks was asked for */
  readonly asked: () => number
  addKey(kid: string): Promise<CryptoKey>
  sign(claims: Record<string, unknown>, over?: { kid?: string; header?: Record<string, unknown> }): Promise<string>
  close(): Promise<void>
}

export const AUDIENCE = 'weighbridge-clients'

export async function startTestIssuer(now: () => number = Date.now): Promise<TestIssuer> {
  const pairs = new Map<string, CryptoKey>()
  let asked = 0
  const server = createServer((request, response) => {
    const discovery = request.url === '/.well-known/openid-configuration'
    if (!discovery) asked += 1
    response.writeHead(issuer.status, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify(discovery ? { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` } : { keys: issuer.keys }),
    )
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: [],
    status: 200,
    asked: () => asked,
    async addKey(kid) {
      const { publicKey, privateKey } = await generateKeyPair('RS256')
      issuer.keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' })
      pairs.set(kid, privateKey)
      return publicKey
    },
    async sign(claims, { kid = 'first', header = {} } = {}) {
      const seconds = Math.floor(now() / 1_000)
      const key = pairs.get(kid)
      if (key === undefined) throw new Error(`there is no key ${kid}`)
      return new SignJWT({
        iss: issuer.url,
        aud: AUDIENCE,
        sub: 'person-1',
        exp: seconds + 300,
        iat: seconds,
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', kid, ...header })
        .sign(key)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  await issuer.addKey('first')
  return issuer
}
