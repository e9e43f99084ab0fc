// Which tenant started which asynchronous invocation, so that only it can ask for it; whoever started it first keeps it.

import { GatewayError } from '../core/errors.ts'

/** Where the owners are kept: a small durable map. */
export type OwnerStore = {
  get(name: string): Promise<string | null>
  set(name: string, value: string): Promise<void>
}

export type ResourceOwners = {
  /**
   * Reads the ARN out of StartAsyncInvoke's answer and keeps it. An answer without one is nobody's. Bedrock answers a client request token
   * that it knows with the invocation that it made for it, also when another tenant sent it: that one is refused.
   */
  remember(answer: Buffer, tenantId: string): Promise<void>
  owns(invocationArn: string, tenantId: string): Promise<boolean>
}

const LONGEST_ARN = 2_048
const TOKEN_IN_USE = 'The client request token has been used for another invocation.'

export function createResourceOwners(store: OwnerStore): ResourceOwners {
  const name = (arn: string): string => `async-invoke:${arn}`
  const keep = async (arn: string, tenantId: string): Promise<void> => {
    const owner = await store.get(name(arn))
    if (owner === null) await store.set(name(arn), tenantId)
    else if (owner !== tenantId) throw new GatewayError('invalid_request', { message: TOKEN_IN_USE })
  }
  // one after the other: two tenants with one token must not both find that nobody has it
  let last: Promise<void> = Promise.resolve()
  return {
    remember(answer, tenantId) {
      const arn = arnOf(answer)
      if (arn === null) return Promise.resolve()
      const kept = last.then(() => keep(arn, tenantId))
      last = kept.catch(() => undefined)
      return kept
    },
    async owns(invocationArn, tenantId) {
      return invocationArn.length <= LONGEST_ARN && (await store.get(name(invocationArn))) === tenantId
    },
  }
}

function arnOf(answer: Buffer): string | null {
  try {
    const parsed: unknown = JSON.parse(answer.toString('utf8'))
    const arn = typeof parsed === 'object' && parsed !== null && 'invocationArn' in parsed ? parsed.invocationArn : null
    return typeof arn === 'string' && arn.length <= LONGEST_ARN ? arn : null
  } catch {
    return null
  }
}
