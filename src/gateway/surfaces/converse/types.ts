// The shapes of Converse that other dialects are translated to and from (service model of bedrock-runtime, read 2026-11-20).

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

export type BytesSource = { readonly bytes: string } | { readonly s3Location: { readonly uri: string } }
export type CachePoint = { readonly type: 'default'; readonly ttl?: '5m' | '1h' }

export type ToolUse = { readonly toolUseId: string; readonly name: string; readonly input: Json }
export type ReasoningContent =
  | { readonly reasoningText: { readonly text: string; readonly signature?: string } }
  | { readonly redactedContent: string }
export type ToolResult = {
  readonly toolUseId: string
  readonly content: readonly ToolResultContent[]
  readonly status?: 'success' | 'error'
}

/** A union: one member is set. */
export type ImageBlock = { readonly image: { readonly format: string; readonly source: BytesSource } }
export type DocumentBlock = {
  readonly document: {
    readonly name: string
    readonly format?: string
    readonly source:
      | BytesSource
      | { readonly text: string }
      | { readonly content: readonly { readonly text: string }[] }
    readonly context?: string
    readonly citations?: { readonly enabled: boolean }
  }
}
export type ToolResultContent = { readonly text: string } | { readonly json: Json } | ImageBlock | DocumentBlock | Loose
/** Members that a translator only carries on. */
type Loose = { readonly searchResult: Json } | { readonly video: Json } | { readonly audio: Json }
export type ContentBlock =
  | { readonly text: string }
  | ImageBlock
  | DocumentBlock
  | { readonly toolUse: ToolUse }
  | { readonly toolResult: ToolResult }
  | { readonly reasoningContent: ReasoningContent }
  | {
      readonly citationsContent: { readonly content?: readonly { readonly text: string }[]; readonly citations?: Json }
    }
  | { readonly cachePoint: CachePoint }
  | Loose

export type Message = { readonly role: 'user' | 'assistant'; readonly content: readonly ContentBlock[] }
export type SystemBlock = { readonly text: string } | { readonly cachePoint: CachePoint }
export type Tool =
  | {
      readonly toolSpec: {
        readonly name: string
        readonly description?: string
        readonly inputSchema: { readonly json: Json }
        readonly strict?: boolean
      }
    }
  | { readonly cachePoint: CachePoint }
export type ToolChoice =
  | { readonly auto: Record<string, never> }
  | { readonly any: Record<string, never> }
  | { readonly tool: { readonly name: string } }

export type ConverseRequest = {
  readonly messages: readonly Message[]
  readonly system?: readonly SystemBlock[]
  readonly inferenceConfig?: {
    readonly maxTokens?: number
    readonly temperature?: number
    readonly topP?: number
    readonly stopSequences?: readonly string[]
  }
  readonly toolConfig?: { readonly tools: readonly Tool[]; readonly toolChoice?: ToolChoice }
  readonly additionalModelRequestFields?: JsonObject
  readonly additionalModelResponseFieldPaths?: readonly string[]
  readonly requestMetadata?: Readonly<Record<string, string>>
  readonly serviceTier?: { readonly type: string }
  readonly outputConfig?: {
    readonly textFormat?: {
      readonly type: 'json_schema'
      readonly structure: {
        readonly jsonSchema: { readonly schema: string; readonly name?: string; readonly description?: string }
      }
    }
    readonly effort?: string
  }
}

/** Cached tokens stand beside `inputTokens`, not inside. */
export type TokenUsage = {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
  readonly cacheReadInputTokens?: number
  readonly cacheWriteInputTokens?: number
  readonly cacheDetails?: readonly { readonly ttl: string; readonly inputTokens: number }[]
}

export type ConverseAnswer = {
  readonly output: { readonly message: Message }
  readonly stopReason: string
  readonly usage: TokenUsage
  readonly additionalModelResponseFields?: JsonObject
  readonly serviceTier?: { readonly type: string }
}

export type BlockDelta =
  | { readonly text: string }
  | { readonly toolUse: { readonly input: string } }
  | {
      readonly reasoningContent:
        | { readonly text: string }
        | { readonly signature: string }
        | { readonly redactedContent: string }
    }
  | { readonly citation: Json }

export type ConverseEvent =
  | { readonly type: 'messageStart'; readonly role: string }
  | {
      readonly type: 'contentBlockStart'
      readonly contentBlockIndex: number
      readonly start: { readonly toolUse?: { readonly toolUseId: string; readonly name: string } }
    }
  | { readonly type: 'contentBlockDelta'; readonly contentBlockIndex: number; readonly delta: BlockDelta }
  | { readonly type: 'contentBlockStop'; readonly contentBlockIndex: number }
  | { readonly type: 'messageStop'; readonly stopReason: string; readonly additionalModelResponseFields?: JsonObject }
  | { readonly type: 'metadata'; readonly usage: TokenUsage; readonly serviceTier?: { readonly type: string } }
  | { readonly type: 'exception'; readonly exception: string; readonly message: string }
