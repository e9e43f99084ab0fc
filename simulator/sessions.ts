// Sessions of assumed roles: what AssumeRole gave away, so that a call signed with one is known by its role, name and tags.

export type RoleSession = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  /** arn:aws:sts::…:assumed-role/role/session, as AWS's bill names the caller */
  principal: string
  tags: Record<string, string>
  /** milliseconds since 1970 */
  expiresAt: number
}

export type Sessions = {
  add(session: RoleSession): void
  find(accessKeyId: string): RoleSession | undefined
  clear(): void
}

const MAXIMUM_SESSIONS = 10_000

export function createSessions(): Sessions {
  const sessions = new Map<string, RoleSession>()
  return {
    add(session) {
      const [oldest] = sessions.keys()
      if (sessions.size >= MAXIMUM_SESSIONS && oldest !== undefined) sessions.delete(oldest)
      sessions.set(session.accessKeyId, session)
    },
    find: (accessKeyId) => sessions.get(accessKeyId),
    clear: () => sessions.clear(),
  }
}
