// Answers that wait to be fetched, one encrypted file each: they survive a restart, are read once, and go when they are too old.

import { createHmac } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TooManyResults, type PolledAnswer, type PollLook, type PollResults } from '../core/poll-results.ts'
import type { Seal } from '../core/seal.ts'

export type PollResultOptions = {
  readonly dir: string
  /** what files are named with */
  readonly secret: string
  readonly seal: Seal
  readonly now: () => number
  readonly keepMilliseconds: number
  /** pending and kept ones together */
  readonly most: number
  readonly onFailure: (thrown: unknown) => void
}

export type OpenPollResults = PollResults & {
  /** Resolves when everything is written. */
  close(): Promise<void>
}

type Content =
  | { readonly state: 'pending' }
  | { readonly state: 'lost' }
  | { readonly state: 'answered'; readonly answer: PolledAnswer }
type Place = { state: 'pending' | 'kept' | 'looked at'; expiresAt: number }

const SWEEP_MILLISECONDS = 5_000
const SUFFIX = '.poll'

export async function openPollResults(options: PollResultOptions): Promise<OpenPollResults> {
  const results = new FilePollResults(options)
  await results.takeOver()
  return results
}

class FilePollResults implements OpenPollResults {
  readonly #options: PollResultOptions
  readonly #vault: ReturnType<typeof createVault>
  readonly #places = new Map<string, Place>()
  readonly #writing = new Set<Promise<unknown>>()
  readonly #timer: NodeJS.Timeout

  constructor(options: PollResultOptions) {
    this.#options = options
    this.#vault = createVault(options)
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MILLISECONDS)
    this.#timer.unref()
  }

  /** A call that was running when the last process ended runs no more. */
  async takeOver(): Promise<void> {
    const { dir } = this.#options
    await mkdir(dir, { recursive: true, mode: 0o700 })
    for (const file of await readdir(dir)) {
      const content = file.endsWith(SUFFIX) ? this.#vault.open(await readFile(join(dir, file), 'utf8'), file) : null
      if (content === null) await rm(join(dir, file), { force: true })
      else {
        if (content.state === 'pending') await this.#write(file, { state: 'lost' })
        this.#places.set(file, this.#kept())
      }
    }
  }

  async open(name: string): Promise<void> {
    const { most } = this.#options
    if (this.#places.size >= most) throw new TooManyResults(most)
    const file = this.#vault.nameOf(name)
    this.#places.set(file, { state: 'pending', expiresAt: Number.POSITIVE_INFINITY })
    try {
      await this.#write(file, { state: 'pending' })
    } catch (thrown) {
      this.#places.delete(file)
      throw thrown
    }
  }

  async answer(name: string, answer: PolledAnswer): Promise<void> {
    const file = this.#vault.nameOf(name)
    await this.#write(file, { state: 'answered', answer })
    this.#places.set(file, this.#kept())
  }

  forget(name: string): Promise<void> {
    return this.#remove(this.#vault.nameOf(name))
  }

  async look(name: string): Promise<PollLook> {
    const file = this.#vault.nameOf(name)
    const place = this.#places.get(file)
    if (place === undefined || place.expiresAt <= this.#options.now()) return { state: 'gone' }
    if (place.state !== 'kept') return { state: 'pending' }
    place.state = 'looked at'
    const content = this.#vault.open(await readFile(join(this.#options.dir, file), 'utf8'), file)
    if (content === null || content.state === 'pending') {
      await this.#remove(file)
      return { state: 'gone' }
    }
    const settle = async (read: boolean): Promise<void> => {
      if (read) await this.#remove(file)
      else place.state = 'kept'
    }
    return content.state === 'lost' ? { state: 'lost', settle } : { ...content, settle }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing)
  }

  #kept(): Place {
    return { state: 'kept', expiresAt: this.#options.now() + this.#options.keepMilliseconds }
  }

  #sweep(): void {
    for (const [file, { state, expiresAt }] of this.#places) {
      if (state === 'kept' && expiresAt <= this.#options.now()) this.#remove(file).catch(this.#options.onFailure)
    }
  }

  #write(file: string, content: Content): Promise<void> {
    return this.#tracked(writeWhole(join(this.#options.dir, file), this.#vault.seal(content, file)))
  }

  #remove(file: string): Promise<void> {
    this.#places.delete(file)
    return this.#tracked(rm(join(this.#options.dir, file), { force: true }))
  }

  async #tracked(work: Promise<void>): Promise<void> {
    this.#writing.add(work)
    try {
      await work
    } finally {
      this.#writing.delete(work)
    }
  }
}

/** Names and contents say nothing to who only has the files, and no content opens under another name. */
function createVault({ secret, seal }: Pick<PollResultOptions, 'secret' | 'seal'>) {
  const key = createHmac('sha256', secret).update('poll-results').digest()
  return {
    nameOf: (name: string): string => createHmac('sha256', key).update(name).digest('hex') + SUFFIX,
    seal: (content: Content, file: string): string => seal.seal(JSON.stringify(content), file),
    /** null: it was sealed with another secret, or damaged. */
    open(sealed: string, file: string): Content | null {
      try {
        return JSON.parse(seal.open(sealed, file)) as Content
      } catch {
        return null
      }
    },
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.writing`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
