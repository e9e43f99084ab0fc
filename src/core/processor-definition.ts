// What the configuration says of processors: which there are, in which rows they run, and where each is reached.

import type { ProcessorRights } from './processor.ts'

export type MockOptions = {
  /** of a replay; with `spread`, the mean of delays that are distributed exponentially */
  readonly latencyMilliseconds: number
  readonly spread: boolean
  /** path of the router whose answers are replayed; null: the path behind the mock router's own names it */
  readonly replays: string | null
}

export type BrokerOptions = {
  /** paths of the routers that calls are spread over */
  readonly targets: readonly string[]
  readonly disableMilliseconds: number
  /** the targets take calls from the broker alone */
  readonly blockDirect: boolean
}

export type GuardrailOptions = {
  readonly id: string
  readonly version: string
  /** where the texts are, by dotted paths; "*" is every item of a list */
  readonly textPaths: readonly string[]
  /** status of the answer to a call that the guardrail stopped */
  readonly status: number
}

export type SectionsOptions = {
  readonly pattern: string
  readonly textPaths: readonly string[]
  /** cut off from what was found, where it begins or ends with it */
  readonly withoutStart: string
  readonly withoutEnd: string
}

/** The processors that come with the gateway. */
export type Builtin =
  | { readonly name: 'mock'; readonly options: MockOptions }
  | { readonly name: 'regex'; readonly options: SectionsOptions }
  | { readonly name: 'guardrail'; readonly options: GuardrailOptions }
  | { readonly name: 'character_count'; readonly options: null }
  | { readonly name: 'broker'; readonly options: BrokerOptions }

export type LinkDefinition =
  | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly kind: 'module'
      /** as written: from the file's folder */
      readonly path: string
      readonly options: unknown
      readonly workers: number
      readonly memoryMegabytes: number
    }
  | ({ readonly kind: 'builtin' } & Builtin)

export type ProcessorDefinition = ProcessorRights & {
  readonly link: LinkDefinition
  readonly timeoutMilliseconds: number
  /** calls that it works on at once */
  readonly atOnce: number
  /** paths of the routers whose calls it sees; null: all */
  readonly routerPaths: readonly string[] | null
}

/** One side's rows: rows run in sequence, their members in parallel. */
export type ProcessorRowDefinitions = readonly (readonly ProcessorDefinition[])[]
