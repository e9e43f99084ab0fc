// Command lines against a control plane in the same process: no socket, no environment, no files but those that a test names.

import { runCommandLine, type World } from '../../src/cli/run.ts'
import { ADMIN_TOKEN, NOW, type FakeAdmin } from './admin.ts'

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

export type CommandLine = {
  /** what the commands speak to; a test may put another in its place */
  admin: FakeAdmin
  readonly files: Record<string, Buffer>
  /** every request that was made */
  readonly sent: { readonly url: string; readonly authorization: string | null }[]
  /** The control plane as a fetch. */
  fetch: typeof fetch
  /** A text is cut at spaces. */
  run(line: string | readonly string[], changed?: Partial<World>): Promise<Ran>
  /** With --json; throws when anything is complained of. */
  json(line: string | readonly string[]): Promise<Record<string, unknown>>
}

export const TOKEN_SET = { WEIGHBRIDGE_ADMIN_TOKEN: ADMIN_TOKEN }

export function commandLine(admin: FakeAdmin): CommandLine {
  const line: CommandLine = {
    admin,
    files: {},
    sent: [],
    fetch: (input, init) => toAdmin(line, input, init),
    run: (words, changed) => run(line, words, changed),
    async json(words) {
      const ran = await run(line, [...wordsOf(words), '--json'])
      if (ran.err !== '') throw new Error(ran.err)
      return JSON.parse(ran.out) as Record<string, unknown>
    },
  }
  return line
}

const wordsOf = (line: string | readonly string[]): readonly string[] =>
  typeof line === 'string' ? line.split(' ').filter(Boolean) : line

async function run(line: CommandLine, words: string | readonly string[], changed: Partial<World> = {}): Promise<Ran> {
  const written: string[] = []
  const complained: string[] = []
  const code = await runCommandLine(wordsOf(words), {
    environment: TOKEN_SET,
    fetch: line.fetch,
    readFile: (path) => fileOf(line, path),
    openData: () => Promise.reject(new Error('the data was opened')),
    terminal: false,
    now: () => NOW,
    write: (text) => void written.push(text),
    writeError: (text) => void complained.push(text),
    serve: () => Promise.reject(new Error('serve was called')),
    demo: () => Promise.reject(new Error('demo was called')),
    ...changed,
  })
  return { code, out: written.join(''), err: complained.join('') }
}

function fileOf({ files }: CommandLine, path: string): Buffer {
  const file = files[path]
  if (file === undefined) throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' })
  return file
}

async function toAdmin(line: CommandLine, input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const url = input instanceof Request ? input.url : String(input)
  const headers = new Headers(init.headers)
  line.sent.push({ url, authorization: headers.get('authorization') })
  const answer = await line.admin.admin.inject({
    method: init.method ?? 'GET',
    path: url.slice(new URL(url).origin.length),
    headers: Object.fromEntries(headers),
    ...(init.body === undefined || init.body === null ? {} : { body: Buffer.from(init.body as string | Uint8Array) }),
  })
  return new Response(answer.payload, { status: answer.statusCode })
}
