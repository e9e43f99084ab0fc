// The setting of OpenID issuers: everything that it takes, and a sentence for what it does not.

import { describe, expect, it } from 'vitest'
import { issuers } from './config-issuers.ts'

const GOOD = { issuer: 'https://issuer.example/', audience: 'us', tenant_claim: 'team' }
const check = (value: unknown) => issuers(2)(typeof value === 'string' ? value : JSON.stringify(value))

describe('the setting of OpenID issuers', () => {
  it('is empty by default', () => {
    expect(check('{}')).toEqual([])
  })

  it('keeps the issuer to the letter and fills in the rest', () => {
    expect(check({ corp: GOOD })).toEqual([
      {
        alias: 'corp',
        issuer: 'https://issuer.example/',
        audiences: ['us'],
        jwksUrl: null,
        tenantClaim: 'team',
        tenants: null,
        groupsClaim: 'groups',
        roles: null,
      },
    ])
    const full = {
      ...GOOD,
      audience: ['us', 'them'],
      tenants: { a: 'team-a' },
      groups_claim: 'g',
      roles: { ops: 'admin' },
    }
    expect(check({ corp: { ...full, jwks_url: 'http://127.0.0.1:1/jwks' } })).toMatchObject([
      {
        audiences: ['us', 'them'],
        tenants: { a: 'team-a' },
        roles: { ops: 'admin' },
        jwksUrl: 'http://127.0.0.1:1/jwks',
      },
    ])
  })

  it.each<[unknown, string]>([
    ['[]', 'must be a JSON object'],
    ['{', 'must be a JSON object'],
    [{ corp: null }, 'must be an object'],
    [{ 'Corp Inc': GOOD }, 'must name issuers by'],
    [{ a: GOOD, b: GOOD }, 'names the same issuer twice'],
    [{ a: GOOD, b: { ...GOOD, issuer: 'https://b' }, c: GOOD }, 'holds more than 2 issuers'],
    [{ corp: { ...GOOD, secret: 'x' } }, '"secret" is not a member'],
    [{ corp: { ...GOOD, issuer: 'http://issuer.example' } }, 'issuer must be an https URL'],
    [{ corp: { ...GOOD, issuer: 'https://me@issuer.example' } }, 'issuer must be an https URL'],
    [{ corp: { ...GOOD, jwks_url: 'file:///etc/keys' } }, 'jwks_url must be an https URL'],
    [{ corp: { ...GOOD, audience: [] } }, 'audience must be a text'],
    [{ corp: { ...GOOD, audience: [1] } }, 'audience must be a text'],
    [{ corp: { ...GOOD, tenant_claim: undefined } }, 'tenant_claim must be a text'],
    [{ corp: { ...GOOD, tenants: { a: 'no tenant id!' } } }, 'tenants must be an object'],
    [{ corp: { ...GOOD, roles: { a: 'owner' } } }, 'roles must be an object from groups to member or admin'],
  ])('refuses %j', (value, words) => {
    expect(() => check(value)).toThrow(words)
  })
})
