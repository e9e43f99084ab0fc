// An alert target as the options of a command line say it; secrets come from files.

import type { Json } from './client.ts'
import { usage } from './failure.ts'

type TargetOptions = Readonly<Record<'kind', string>> &
  Readonly<Record<'to', readonly string[]>> &
  Readonly<
    Record<
      | 'url'
      | 'url-file'
      | 'secret-file'
      | 'host'
      | 'port'
      | 'security'
      | 'username'
      | 'password-file'
      | 'from'
      | 'topic-arn',
      string | undefined
    >
  >

/** What was not said is left out: the control plane says what is missing, and what does not belong to the kind. */
export function targetBody(options: TargetOptions, secretIn: (path: string) => string): Json {
  const fromFile = (path: string | undefined): string | undefined => (path === undefined ? undefined : secretIn(path))
  if (options.port !== undefined && !/^\d{1,5}$/.test(options.port)) throw usage('--port must be a number.')
  const given: Json = {
    kind: options.kind,
    url: options.url ?? fromFile(options['url-file']),
    secret: fromFile(options['secret-file']),
    host: options.host,
    port: options.port === undefined ? undefined : Number(options.port),
    security: options.security,
    username: options.username,
    password: fromFile(options['password-file']),
    from: options.from,
    to: options.to.length === 0 ? undefined : options.to,
    topic_arn: options['topic-arn'],
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** The file's text without the line end that editors add. */
export function readSecret(readFile: (path: string) => Buffer, path: string): string {
  try {
    return readFile(path)
      .toString('utf8')
      .replace(/\r?\n$/, '')
  } catch {
    throw usage(`The file ${path.slice(0, 200)} cannot be read.`)
  }
}
