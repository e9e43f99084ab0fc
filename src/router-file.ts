// The file of path routers on this machine's disk: read whole, with the certificates that it names; and looked at again when it changes.

import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { NO_ROUTERS, type RouterConfiguration } from './core/router.ts'
import { readRouters, type ReadRouters } from './routers/index.ts'
import type { Environment } from './routers/environment.ts'
import type { Problem } from './routers/section.ts'

export type RouterFileOptions = {
  /** null: there are no routers */
  readonly file: string | null
  readonly environment: Environment
  readonly now: () => number
  readonly log: (level: 'info' | 'error', fields: object, words: string) => void
}

/** What the last look at the file found. */
export type RouterFileState = {
  readonly file: string | null
  readonly checksum: string
  /** when the configuration that holds was loaded */
  readonly loadedAt: number
  /** of the file as it is now; the configuration from before holds as long as there are any */
  readonly problems: readonly string[]
}

export type RouterFile = {
  readonly current: () => RouterConfiguration
  readonly state: () => RouterFileState
  /** Looks at once, whatever the file's times say. */
  readonly reload: () => void
  /** `onChange`: another configuration holds from now on, whoever asked for it. */
  startWatching(intervalMilliseconds: number, onChange: () => void): void
  stop(): void
}

/** Throws, with every problem, when the file is not good: a gateway does not start without what it was told to serve. */
export function openRouterFile(options: RouterFileOptions): RouterFile {
  const { file, environment, now, log } = options
  let current = NO_ROUTERS
  let loadedAt = now()
  let problems: readonly string[] = []
  let mark = ''
  let told = (): void => undefined
  let timer: NodeJS.Timeout | null = null

  const load = (): boolean => {
    if (file === null) return false
    mark = markOf(file)
    const read = readRouterFile(file, environment)
    problems = read.problems.map(wordsOf)
    if (read.configuration === null || read.configuration.checksum === current.checksum) return false
    current = read.configuration
    loadedAt = now()
    return true
  }
  const reload = (): void => {
    const changed = load()
    if (problems.length > 0)
      log('error', { file, problems }, 'the file of routers is not good: what was loaded before holds')
    else if (changed) log('info', { file, checksum: current.checksum }, 'the routers were loaded anew')
    if (changed) told()
  }

  load()
  if (problems.length > 0) throw new RouterFileError(file ?? '', problems)
  return {
    current: () => current,
    state: () => ({ file, checksum: current.checksum, loadedAt, problems }),
    reload,
    startWatching(intervalMilliseconds, onChange) {
      told = onChange
      if (file === null) return
      timer = setInterval(() => {
        if (markOf(file) !== mark) reload()
      }, intervalMilliseconds)
      timer.unref()
    },
    stop() {
      if (timer !== null) clearInterval(timer)
    },
  }
}

class RouterFileError extends Error {
  constructor(file: string, problems: readonly string[]) {
    super(`The routers of "${file}" are not good:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'RouterFileError'
  }
}

export const wordsOf = ({ path, words }: Problem): string => `${path === '' ? 'the file' : path} ${words}.`

function readRouterFile(file: string, environment: Environment): ReadRouters {
  try {
    return readRouterText(readFileSync(file, 'utf8'), environment, dirname(file))
  } catch (thrown) {
    const words = thrown instanceof Error ? thrown.message : String(thrown)
    return { configuration: null, problems: [{ path: '', words: `cannot be read: ${words}` }] }
  }
}

/** Certificates are looked for from the folder of the file. */
export const readRouterText = (text: string, environment: Environment, folder: string): ReadRouters =>
  readRouters({
    text,
    environment,
    readCertificates: (file) => readCertificates(resolve(folder, file)),
    digest: (content) => createHash('sha256').update(content).digest('hex'),
  })

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]{1,100000}-----END CERTIFICATE-----/g

function readCertificates(file: string): string {
  const found = readFileSync(file, 'utf8').match(CERTIFICATE) ?? []
  if (found.length === 0) throw new RangeError(`names "${file}", which holds no certificate in PEM form`)
  for (const certificate of found) {
    if (!isCertificate(certificate))
      throw new RangeError(`names "${file}", which holds something that is no certificate`)
  }
  return found.join('\n')
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).serialNumber !== ''
  } catch {
    return false
  }
}

/** Tells one state of the file from another without reading it; the place behind a link, where it is one. */
function markOf(file: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(file)
    return `${ino} ${size} ${mtimeMs}`
  } catch (thrown) {
    return String(thrown)
  }
}
