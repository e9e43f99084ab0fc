// Names sessions and the calls in them, so that no two calls ever have one name, whatever clients send.

/** `GATEWAYID_UNIXNANO_SESSIONCOUNT_TRANSACTION`, as clients of the sample gateway know it. */
export type SessionIds = { readonly sessionId: string; readonly transactionId: string }

export type Sessions = {
  /** `given`: what the client says that its session is; the call is the next one in it, or the first of a new one. */
  next(gatewayId: string, given: string | undefined, owner: string): SessionIds
}

type Known = { readonly owner: string; last: number }

const REMEMBERED = 100_000
const ID = /^([A-Z0-9]{8}_(\d{1,20})_\d{1,15})_(\d{1,15})$/
const NANOSECONDS_PER_MICROSECOND = 1_000n

/**
 * In the sample gateway the client's number plus one was the next, so a client that sent a number twice got one name for two calls. Here
 * the number is remembered; of a session that is not (any more), numbering goes on behind every number that can have been given out:
 * one for each microsecond since the session began.
 */
export function createSessions(now: () => number): Sessions {
  const known = new Map<string, Known>()
  let count = 0
  const begin = (gatewayId: string, owner: string): SessionIds => {
    count += 1
    const session = `${gatewayId}_${BigInt(Math.floor(now())) * 1_000_000n}_${count}`
    remember(session, { owner, last: 0 })
    return { sessionId: `${session}_0`, transactionId: `${session}_0` }
  }
  const remember = (session: string, state: Known): void => {
    known.delete(session)
    known.set(session, state)
    if (known.size <= REMEMBERED) return
    const [oldest] = known.keys()
    if (oldest !== undefined) known.delete(oldest)
  }
  return {
    next(gatewayId, given, owner) {
      const [, session, began, number] = (given === undefined ? null : ID.exec(given)) ?? []
      if (session === undefined || began === undefined || !session.startsWith(`${gatewayId}_`))
        return begin(gatewayId, owner)
      const state = known.get(session)
      // somebody else's session is theirs
      if (state !== undefined && state.owner !== owner) return begin(gatewayId, owner)
      const before = state?.last ?? givenOutBefore(began, now())
      if (before === null) return begin(gatewayId, owner)
      const last = Math.max(before, Number(number)) + 1
      remember(session, { owner, last })
      return { sessionId: `${session}_0`, transactionId: `${session}_${last}` }
    },
  }
}

/** null: the session says that it begins later than now. */
function givenOutBefore(beganNanoseconds: string, now: number): number | null {
  const elapsed = BigInt(Math.floor(now)) * 1_000_000n - BigInt(beganNanoseconds)
  if (elapsed < 0n) return null
  const microseconds = Number(elapsed / NANOSECONDS_PER_MICROSECOND)
  return Number.isSafeInteger(microseconds) ? microseconds : null
}
