// How records of the call log reach each kind of place: a file that is turned over, an address, Elasticsearch, Azure Log Analytics.

import { createHmac } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { WriterDefinition } from '../core/call-log.ts'
import { appendLines, postText } from './line-writing.ts'

/** Takes whole records, in order, or throws: PostRefused with `permanent` when they can never be taken. */
export type LogWriter = {
  /** so many records at a time */
  readonly batch: number
  write(lines: readonly string[]): Promise<void>
}

export type WriterWorld = {
  /** files are named from here */
  readonly folder: string
  readonly fetch: typeof fetch
  readonly now: () => number
}

type To = WriterDefinition['to']
type Kind = To['kind']

export function logWriterOf(to: To, world: WriterWorld): LogWriter {
  // Sound because the table has each kind's own maker at the kind's name.
  const make = MAKERS[to.kind] as (definition: To, world: WriterWorld) => LogWriter
  return make(to, world)
}

const MAKERS: { readonly [Name in Kind]: (to: Extract<To, { kind: Name }>, world: WriterWorld) => LogWriter } = {
  file: (to, { folder }) => ({ batch: 500, write: fileWriter(to, resolve(folder, to.path)) }),
  http: ({ url, headers }, { fetch: send }) =>
    single((line) => postText(send, url, { ...headers, ...JSON_TYPE }, line)),
  elastic({ url, username, password }, { fetch: send }) {
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    const headers = username === '' ? JSON_TYPE : { ...JSON_TYPE, authorization: basic }
    return single((line) => postText(send, url, headers, line))
  },
  azure: (to, { fetch: send, now }) => ({
    batch: 100,
    async write(lines) {
      const body = `[${lines.join(',')}]`
      const headers = azureHeaders(to, body, new Date(now()).toUTCString())
      await postText(send, `${to.url}${AZURE_PATH}?api-version=2016-04-01`, headers, body)
    },
  }),
}

const JSON_TYPE = { 'content-type': 'application/json' }

const single = (write: (line: string) => Promise<void>): LogWriter => ({
  batch: 1,
  write: ([line = '']) => write(line),
})

const AZURE_PATH = '/api/logs'

/**
 * The HTTP Data Collector API: a record type, a date, and an HMAC-SHA256 with the workspace's key over method, length, type, date and path
 * (learn.microsoft.com/azure/azure-monitor/logs/data-collector-api, read 2026-11-30).
 */
function azureHeaders(
  { workspaceId, sharedKey, logType }: Extract<To, { kind: 'azure' }>,
  body: string,
  date: string,
): Record<string, string> {
  const text = `POST\n${Buffer.byteLength(body)}\napplication/json\nx-ms-date:${date}\n${AZURE_PATH}`
  const signature = createHmac('sha256', Buffer.from(sharedKey, 'base64')).update(text, 'utf8').digest('base64')
  return {
    ...JSON_TYPE,
    authorization: `SharedKey ${workspaceId}:${signature}`,
    'log-type': logType,
    'x-ms-date': date,
  }
}

function fileWriter(to: Extract<To, { kind: 'file' }>, path: string): LogWriter['write'] {
  let begun = false
  const begin = async (): Promise<void> => {
    await mkdir(dirname(path), { recursive: true })
    if (to.mode === 'overwrite') await rm(path, { force: true })
    else if (to.mode === 'new' || (await sizeOf(path)) >= to.rotateBytes) await turnOver(path, to.keep)
    begun = true
  }
  return async (lines) => {
    if (!begun) await begin()
    if ((await appendLines(path, lines)) >= to.rotateBytes) await turnOver(path, to.keep)
  }
}

/** calls.jsonl becomes calls.jsonl.1, which becomes calls.jsonl.2 …; what is older than is kept goes. */
async function turnOver(path: string, keep: number): Promise<void> {
  if ((await sizeOf(path)) === 0) return
  await rm(`${path}.${keep}`, { force: true })
  for (let number = keep - 1; number >= 1; number--) await renamed(`${path}.${number}`, `${path}.${number + 1}`)
  await renamed(path, `${path}.1`)
}

async function renamed(from: string, to: string): Promise<void> {
  await rename(from, to).catch((thrown: unknown) => {
    if (!isMissing(thrown)) throw thrown
  })
}

/** 0: there is none. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((thrown: unknown) => {
    if (isMissing(thrown)) return null
    throw thrown
  })
  return found?.size ?? 0
}

const isMissing = (thrown: unknown): boolean => thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
