// Sessions of assumed roles: one for each tenant, loaded once, renewed in time, bounded, and never another's.

import { describe, expect, it } from 'vitest'
import type { CredentialScope } from '../core/upstream.ts'
import { createSessionCredentials } from './sessions.ts'

const scope = (id: string): CredentialScope => ({
  id,
  roleArn: `arn:aws:iam::111122223333:role/${id}`,
  externalId: null,
  sessionName: id,
  sessionTags: {},
})

function world(mostSessions = 10) {
  const state = { now: 0, asked: [] as string[], failing: false }
  const sessions = createSessionCredentials({
    now: () => state.now,
    mostSessions,
    async assume({ id }) {
      state.asked.push(id)
      await Promise.resolve()
      if (state.failing) throw new Error('AccessDenied')
      return {
        accessKeyId: `ASIA${id}${state.asked.length}`,
        secretAccessKey: 's',
        sessionToken: 't',
        expiration: new Date(state.now + 3_600_000),
      }
    },
  })
  return { state, sessions }
}

const keyOf = (credentials: unknown): unknown =>
  (credentials as { credentials: { accessKeyId: string } }).credentials.accessKeyId

describe('sessions', () => {
  it('are one for each scope, loaded once however many ask', async () => {
    const { state, sessions } = world()
    const loads = ['a', 'a', 'b'].map((id) => sessions.sourceFor(scope(id)).load())
    expect((await Promise.all(loads)).map(keyOf)).toEqual(['ASIAa2', 'ASIAa2', 'ASIAb2'])
    expect(state.asked).toEqual(['a', 'b'])
    expect(keyOf(sessions.sourceFor(scope('a')).current())).toBe('ASIAa2')
  })

  it('are renewed before they end, and not used after', async () => {
    const { state, sessions } = world()
    await sessions.sourceFor(scope('a')).load()
    state.now = 3_400_000
    expect(keyOf(sessions.sourceFor(scope('a')).current())).toBe('ASIAa1')
    expect(state.asked).toEqual(['a', 'a'])
    await new Promise((resolve) => setImmediate(resolve))
    expect(keyOf(sessions.sourceFor(scope('a')).current())).toBe('ASIAa2')
    state.now += 3_600_000
    state.failing = true
    expect(sessions.sourceFor(scope('a')).current()).toBeNull()
    await expect(sessions.sourceFor(scope('a')).load()).rejects.toThrow('AccessDenied')
    expect(sessions.sourceFor(scope('a')).current()).toBeNull()
  })

  it('are given up where there are too many, the longest unused first', async () => {
    const { state, sessions } = world(2)
    for (const id of ['a', 'b', 'a', 'c']) await sessions.sourceFor(scope(id)).load()
    expect(sessions.sourceFor(scope('a')).current()).not.toBeNull()
    expect(sessions.sourceFor(scope('b')).current()).toBeNull()
    expect(state.asked).toEqual(['a', 'b', 'a', 'c'])
  })
})
