// Writes ModelInvocationLog 1.0 records as Bedrock delivers them to S3: gzip JSON lines under AWS's keys, large bodies beside them.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { BilledCall } from './bill.ts'
import type { Json, JsonObject } from './family.ts'
import { stringAt } from './json.ts'
import { ACCOUNT_ID } from './models.ts'

/** Bodies larger than this are delivered as objects of their own (model-invocation-logging page). */
const INLINE_LIMIT_BYTES = 100_000
const RECORDS_PER_OBJECT = 500
const FLUSH_MS = 1000
const BUCKET = 'simulated-invocation-logs'
/** OpenAI's APIs of this host are logged too (AWS model card of GPT-6.1, October 2026). */
const LOGGED = new Set([
  'Converse',
  'ConverseStream',
  'InvokeModel',
  'InvokeModelWithResponseStream',
  'ChatCompletions',
  'CreateResponse',
])

/** What the log needs to know of a call. */
export type LoggedCall = {
  requestId: string
  operation: string
  region: string
  accessKeyId: string
  path: Readonly<Record<string, string>>
  body: Buffer
  startedAt: number
}

export type InvocationLog = {
  add(call: LoggedCall, record: BilledCall, output: Json | Buffer): void
  /** a call that was refused */
  refuse(call: LoggedCall, errorCode: string): void
  /** writes what is waiting; resolves when it is on disk */
  flush(): Promise<void>
}

export function createInvocationLog(folder: string): InvocationLog {
  const waiting = new Map<string, JsonObject[]>()
  let timer: NodeJS.Timeout | null = null
  let written = 0
  let done: Promise<void> = Promise.resolve()

  const write = (key: string, content: Buffer): void => {
    done = done.then(async () => {
      const path = join(folder, key)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, content)
    })
  }
  const flush = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    for (const [prefix, records] of waiting) {
      const stamp = (stringAt(records[0] ?? {}, 'timestamp') ?? '').replace(/[-:]/g, '')
      const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('')
      const name = `${stamp}_${(++written).toString(16).padStart(16, '0')}.json.gz`
      write(`${prefix}/${name}`, gzipSync(lines))
    }
    waiting.clear()
    return done
  }
  const put = (call: LoggedCall, record: JsonObject): void => {
    const prefix = prefixOf(call.region, call.startedAt)
    const records = waiting.get(prefix) ?? []
    waiting.set(prefix, records)
    records.push(record)
    if (records.length >= RECORDS_PER_OBJECT) void flush()
    else timer ??= setTimeout(() => void flush(), FLUSH_MS).unref()
  }
  const body = (call: LoggedCall, side: 'input' | 'output', bytes: Buffer): JsonObject => {
    if (bytes.length <= INLINE_LIMIT_BYTES) return { [`${side}BodyJson`]: readJson(bytes) }
    const key = `${prefixOf(call.region, call.startedAt)}/data/${call.requestId}_${side}.json.gz`
    write(key, gzipSync(bytes))
    return { [`${side}BodyS3Path`]: `s3://${BUCKET}/${key}` }
  }

  return {
    add(call, billed, output) {
      if (!LOGGED.has(call.operation)) return
      const bytes = Buffer.isBuffer(output) ? output : Buffer.from(JSON.stringify(output))
      const counts = countsOf(billed)
      put(call, {
        ...head(call, billed.model_id, billed.request_metadata),
        input: { inputContentType: 'application/json', ...body(call, 'input', call.body), ...counts.input },
        output: { outputContentType: 'application/json', ...body(call, 'output', bytes), ...counts.output },
      })
    },
    refuse(call, errorCode) {
      if (!LOGGED.has(call.operation)) return
      put(call, {
        ...head(call, call.path.modelId ?? '', undefined),
        errorCode,
        input: { inputContentType: 'application/json', ...body(call, 'input', call.body) },
      })
    },
    flush,
  }
}

const isoSeconds = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** AWSLogs/<account>/BedrockModelInvocationLogs/<region>/YYYY/MM/DD/HH */
function prefixOf(region: string, at: number): string {
  const hour = new Date(at).toISOString().slice(0, 13).replace(/[-T]/g, '/')
  return `AWSLogs/${ACCOUNT_ID}/BedrockModelInvocationLogs/${region}/${hour}`
}

function head(call: LoggedCall, modelId: string, metadata: Record<string, string> | undefined): JsonObject {
  return {
    schemaType: 'ModelInvocationLog',
    schemaVersion: '1.0',
    timestamp: isoSeconds(call.startedAt),
    accountId: ACCOUNT_ID,
    region: call.region,
    requestId: call.requestId,
    operation: call.operation,
    modelId,
    identity: { arn: `arn:aws:iam::${ACCOUNT_ID}:user/${call.accessKeyId}` },
    inferenceRegion: call.region,
    ...(metadata === undefined ? {} : { requestMetadata: metadata }),
  }
}

/** The log counts the part of the input that was not cached, and does not tell cache lifetimes apart. */
function countsOf(record: BilledCall): { input: JsonObject; output: JsonObject } {
  const { usage } = record
  const input: JsonObject = { inputTokenCount: usage.input_tokens ?? 0 }
  const lifetimes = ['cache_write_5m_tokens', 'cache_write_30m_tokens', 'cache_write_1h_tokens']
  const written = lifetimes.reduce((sum, dimension) => sum + (usage[dimension] ?? 0), 0)
  if (usage.cache_read_tokens !== undefined) input.cacheReadInputTokenCount = usage.cache_read_tokens
  if (written > 0) input.cacheWriteInputTokenCount = written
  return { input, output: { outputTokenCount: usage.output_tokens ?? 0 } }
}

function readJson(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return bytes.toString('base64')
  }
}
