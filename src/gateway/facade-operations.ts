// What belongs to operators in the dialect of the samples: add up today, and read the sums; nobody else sees another tenant's costs.

import { hash, timingSafeEqual } from 'node:crypto'
import type { TokenVerifier } from '../core/identity.ts'
import type { HttpExchange } from '../http/exchange.ts'

export type FacadeOperationsDependencies = {
  /** hex SHA-256 of the admin token */
  readonly adminTokenHash: string
  readonly tokens: TokenVerifier | null
  /** Writes the preliminary file of the running day. */
  readonly closeToday: () => Promise<unknown>
  readonly costItems: () => Promise<readonly CostItem[]>
}

/** All texts; an unknown cost is empty. */
export type CostItem = Readonly<Record<string, string>>

export type FacadeOperations = {
  /** null: the path is another's. */
  match(exchange: HttpExchange): (() => Promise<void>) | null
}

const PATHS = /^(?:\/[\w.-]{1,64})?\/(cost_track_manual|ddb_cost_retrieval)$/

export function createFacadeOperations(dependencies: FacadeOperationsDependencies): FacadeOperations {
  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    async cost_track_manual() {
      await dependencies.closeToday()
      return 'Calculation Finished!'
    },
    ddb_cost_retrieval: dependencies.costItems,
  }
  return {
    match(exchange) {
      const name = exchange.method === 'POST' ? PATHS.exec(exchange.path.split('?', 1)[0] ?? '')?.[1] : undefined
      const answer = name === undefined ? undefined : answers[name]
      if (answer === undefined) return null
      return async () => {
        if (await isOperator(dependencies, exchange)) respondJson(exchange, 200, { body: await answer() })
        else respondJson(exchange, 403, { message: 'Forbidden' })
      }
    },
  }
}

/** The admin token, or a token of an identity provider whose groups make its holder an admin. */
async function isOperator(dependencies: FacadeOperationsDependencies, exchange: HttpExchange): Promise<boolean> {
  const given = exchange.header('authorization') ?? exchange.header('auth') ?? ''
  const token = given.replace(/^Bearer +/i, '')
  const expected = Buffer.from(dependencies.adminTokenHash, 'hex')
  if (timingSafeEqual(hash('sha256', token, 'buffer'), expected)) return true
  if (dependencies.tokens === null) return false
  try {
    return (await dependencies.tokens.verify(token)).role === 'admin'
  } catch {
    return false
  }
}

function respondJson(exchange: HttpExchange, status: number, content: object): void {
  const headers = ['content-type', 'application/json', 'cache-control', 'no-store']
  exchange.respond(status, headers, Buffer.from(JSON.stringify(content)))
}
