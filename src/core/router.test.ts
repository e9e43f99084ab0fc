// What may see a call through a router sees no credential of it.

import { describe, expect, it } from 'vitest'
import { maskedHeadersOf, type Router, type RouterCall, type RouterProcessing } from './router.ts'

const ROUTER: Router = {
  name: 'a',
  path: '/a/',
  headerRules: [],
  credential: { kind: 'key' },
  tenantIds: null,
  target: null,
  setHeaders: [],
  removedHeaders: new Set(),
  maskedHeaders: new Set(['authorization']),
  model: null,
  usage: null,
  limits: [],
  maxBodyBytes: null,
  retries: 0,
}

describe('headers as they are shown', () => {
  it('have a mask in the place of what is secret, however often it stands there', () => {
    const seen: (readonly string[])[] = []
    const processing: RouterProcessing = {
      begin(call) {
        seen.push(maskedHeadersOf(call.headers, call.router, '***'))
        return null
      },
    }
    const call: RouterCall = {
      requestId: 'r',
      sessionId: 's',
      transactionId: 't',
      router: ROUTER,
      method: 'POST',
      subpath: '',
      query: '',
      headers: ['authorization', 'secret', 'x', 'authorization', 'authorization', 'secret'],
      startedAt: 0,
    }
    expect(processing.begin(call)).toBeNull()
    expect(seen).toEqual([['authorization', '***', 'x', 'authorization', 'authorization', '***']])
  })
})
