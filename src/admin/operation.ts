// One operation of the control plane: what it takes, what it answers, and the function in between, typed from its schemas.

import { z } from 'zod'
import type { TenantScope } from '../core/tenant.ts'
import type { AdminDependencies } from './dependencies.ts'

export type Call<Params, Query, Body> = {
  readonly deps: AdminDependencies
  readonly scope: TenantScope
  /** the OpenAPI document of all routes */
  readonly describeApi: () => Record<string, unknown>
  readonly params: Params
  readonly query: Query
  readonly body: Body
}

/** An operation as the server sees it, with the types of its schemas forgotten. */
export type Operation = {
  readonly words: string
  readonly params: z.ZodType
  readonly query: z.ZodType
  /** null: it takes none */
  readonly body: z.ZodType | null
  /** the body is handed over as bytes, and may be this large */
  readonly rawBodyBytes: number | null
  readonly reply: z.ZodType
  /** the other media type that the same can be had as; null: JSON only */
  readonly alsoAs: 'text/csv' | 'application/x-ndjson' | null
  readonly status: number
  readonly run: (call: Call<unknown, unknown, unknown>) => Promise<unknown>
}

type Definition<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType, Reply extends z.ZodType> = {
  readonly words: string
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly rawBodyBytes?: number
  readonly reply: Reply
  readonly alsoAs?: Operation['alsoAs']
  readonly status?: 200 | 201
  readonly run: (call: Call<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<z.input<Reply> | Csv | Lines>
}

/** An answer that is not JSON. */
export class Csv {
  readonly text: string
  readonly fileName: string
  constructor(text: string, fileName: string) {
    this.text = text
    this.fileName = fileName
  }
}

/** An answer without a known length: one JSON object in each line, made while the client reads. */
export class Lines {
  readonly text: AsyncIterable<string>
  readonly fileName: string
  constructor(text: AsyncIterable<string>, fileName: string) {
    this.text = text
    this.fileName = fileName
  }
}

const NOTHING = z.strictObject({})

export function operation<
  Reply extends z.ZodType,
  Params extends z.ZodType = typeof NOTHING,
  Query extends z.ZodType = typeof NOTHING,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: Definition<Params, Query, Body, Reply>): Operation {
  return {
    words: definition.words,
    params: definition.params ?? NOTHING,
    query: definition.query ?? NOTHING,
    body: definition.body ?? null,
    rawBodyBytes: definition.rawBodyBytes ?? null,
    reply: definition.reply,
    alsoAs: definition.alsoAs ?? null,
    status: definition.status ?? 200,
    // Sound because the server validates with these very schemas before it calls.
    run: definition.run as Operation['run'],
  }
}
