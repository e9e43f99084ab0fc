// The full log of calls through path routers: what the configuration says of it, and the record of one call.

import { selectFields, type CallFields, type Timer } from './processor.ts'

/** include: empty is all. */
export type FieldFilter = { readonly include: readonly string[]; readonly exclude: readonly string[] }

export type WriterDefinition = {
  readonly to:
    | {
        readonly kind: 'file'
        /** as written: from the data folder */
        readonly path: string
        /** append: to what is there · new: a file of its own for each start · overwrite: the file begins empty at each start */
        readonly mode: 'append' | 'new' | 'overwrite'
        readonly rotateBytes: number
        /** older files that are kept beside the one that is written */
        readonly keep: number
      }
    | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
    | { readonly kind: 'elastic'; readonly url: string; readonly username: string; readonly password: string }
    | {
        readonly kind: 'azure'
        readonly url: string
        readonly workspaceId: string
        /** base64 */
        readonly sharedKey: string
        readonly logType: string
      }
  /** before the second attempt; doubled for each further one */
  readonly retryMilliseconds: number
}

export type CallLogDefinition = {
  /** routers whose calls are logged; no other is: records hold prompts */
  readonly routerPaths: ReadonlySet<string>
  readonly request: FieldFilter
  readonly response: FieldFilter
  readonly writers: readonly WriterDefinition[]
  /** of each payload, so much; longer ones are cut, and the record says so */
  readonly payloadBytes: number
  /** calls that were refused before they were known to be somebody's are logged too */
  readonly logsRefused: boolean
}

export type CallRecord = {
  readonly session_id: string
  readonly transaction_id: string
  readonly request_id: string
  /** null: nobody was known to make it */
  readonly tenant_id: string | null
  readonly ingress_egress_timer: Timer
  readonly egress_post_timer: Timer
  readonly request: CallFields
  readonly response: CallFields
}

/** The record with the fields that are to be in the log. */
export const filteredRecord = (record: CallRecord, { request, response }: CallLogDefinition): CallRecord => ({
  ...record,
  request: selectFields(record.request, request.include, request.exclude),
  response: selectFields(record.response, response.include, response.exclude),
})

/** One line of the list of the last calls; nothing in it is of a prompt. */
export type RecentCall = {
  readonly transactionId: string
  readonly requestId: string
  readonly tenantId: string | null
  readonly routerPath: string
  /** where it went, when that is another router */
  readonly sentTo: string | null
  /** milliseconds since the epoch */
  readonly startedAt: number
  readonly milliseconds: number
  /** 0: the client got none */
  readonly status: number
  /** code of the refusal or failure; null: none */
  readonly error: string | null
}
