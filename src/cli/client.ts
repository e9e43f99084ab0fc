// The control plane of a running gateway, asked over HTTP; every failure says what to do next.

import { join } from 'node:path'
import type { Config } from '../config.ts'
import { CommandFailure, usage } from './failure.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>
export type Json = Readonly<Record<string, unknown>>

export type AdminClient = {
  /** The answer's JSON. */
  ask(method: string, path: string, options?: { readonly query?: Query; readonly body?: unknown }): Promise<Json>
  /** The lines of an answer that may be long, as they come. */
  lines(path: string, query: Query): AsyncIterable<string>
  /** The answer as it came. */
  text(path: string, query: Query): Promise<string>
  /** Sends a file as the body. */
  upload(path: string, query: Query, file: Buffer): Promise<Json>
}

type World = {
  readonly config: Pick<Config, 'url' | 'adminToken' | 'dataDir'>
  readonly fetch: typeof fetch
  readonly readFile: (path: string) => Buffer
}

const LONGEST_MILLISECONDS = 3_600_000

export function createAdminClient(world: World): AdminClient {
  const { url } = world.config
  const token = tokenOf(world)
  const open = async (method: string, path: string, query: Query, body: Buffer | string | null): Promise<Response> => {
    let response: Response
    try {
      response = await world.fetch(`${url}/admin/v1/${path}${queryText(query)}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === null ? {} : { 'content-type': 'application/json' }),
        },
        signal: AbortSignal.timeout(LONGEST_MILLISECONDS),
        ...(body === null ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
      })
    } catch (thrown) {
      throw unreachable(url, thrown)
    }
    if (!response.ok) throw refused(response.status, await response.text(), url)
    return response
  }
  const send = async (...asked: Parameters<typeof open>): Promise<string> => (await open(...asked)).text()
  const json = (text: string): Json => JSON.parse(text) as Json
  return {
    async ask(method, path, { query = {}, body } = {}) {
      return json(await send(method, path, query, body === undefined ? null : JSON.stringify(body)))
    },
    async *lines(path, query) {
      yield* linesIn((await open('GET', path, query, null)).body)
    },
    text: (path, query) => send('GET', path, query, null),
    upload: async (path, query, file) => json(await send('POST', path, query, file)),
  }
}

async function* linesIn(body: Response['body']): AsyncIterable<string> {
  let held = ''
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (held + text).split('\n')
    held = lines.pop() ?? ''
    yield* lines
  }
  if (held !== '') yield held
}

/** A path segment that anybody may have typed. */
export const segment = (text: string): string => encodeURIComponent(text)

function queryText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  if (given.length === 0) return ''
  return `?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`
}

const TOKEN_FILE = 'admin-token'

/** The token file is for a gateway on this machine; to any other address it is never sent. */
function tokenOf({ config, readFile }: World): string {
  if (config.adminToken !== null) return config.adminToken
  const file = join(config.dataDir, TOKEN_FILE)
  if (!isLoopback(config.url)) {
    throw usage(
      `Set WEIGHBRIDGE_ADMIN_TOKEN to the admin token of ${config.url}; it was shown when that gateway first started.`,
    )
  }
  try {
    return readFile(file).toString('utf8').trim()
  } catch {
    throw usage(
      `There is no admin token. Set WEIGHBRIDGE_ADMIN_TOKEN, or WEIGHBRIDGE_DATA_DIR to the data folder of the gateway: ` +
        `the token that a gateway made at its first start is kept there in "${TOKEN_FILE}" (looked at ${file}).`,
    )
  }
}

export const isLoopback = (url: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname)

/** Nobody answers where the gateway should be. */
export class GatewayUnreachable extends CommandFailure {}

function unreachable(url: string, thrown: unknown): CommandFailure {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  const code =
    cause instanceof Error && 'code' in cause ? String(cause.code) : cause instanceof Error ? cause.message : ''
  return new GatewayUnreachable(
    1,
    `The gateway does not answer at ${url}${code === '' ? '' : ` (${code})`}. Start it with "npm start", or set WEIGHBRIDGE_URL to where it runs.`,
  )
}

function refused(status: number, text: string, url: string): CommandFailure {
  const message = messageOf(text)
  if (status === 401 || status === 403) {
    return new CommandFailure(
      1,
      `${message ?? 'The admin token was not accepted.'} Set WEIGHBRIDGE_ADMIN_TOKEN to the admin token of the gateway at ${url}.`,
    )
  }
  if (message === null) {
    return new CommandFailure(1, `${url} answered with status ${status}; is it a Weighbridge gateway of this version?`)
  }
  return new CommandFailure(1, message)
}

/** What the control plane's error bodies say; null when it is not one. */
function messageOf(text: string): string | null {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null || !('error' in body)) return null
    const { error } = body
    if (typeof error !== 'object' || error === null || !('message' in error)) return null
    return typeof error.message === 'string' ? error.message : null
  } catch {
    return null
  }
}
