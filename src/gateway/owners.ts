// Which tenant started which asynchronous invocation, so that only it can ask for it.

/** Where the owners are kept: a small durable map. */
export type OwnerStore = {
  get(name: string): Promise<string | null>
  set(name: string, value: string): Promise<void>
}

export type ResourceOwners = {
  /** Reads the ARN out of StartAsyncInvoke's answer and keeps it. An answer without one is nobody's. */
  remember(answer: Buffer, tenantId: string): Promise<void>
  owns(invocationArn: string, tenantId: string): Promise<boolean>
}

const LONGEST_ARN = 2_048

export function createResourceOwners(store: OwnerStore): ResourceOwners {
  const name = (arn: string): string => `async-invoke:${arn}`
  return {
    async remember(answer, tenantId) {
      const arn = arnOf(answer)
      if (arn !== null) await store.set(name(arn), tenantId)
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
