// One sync at a time for everything written meanwhile: whoever asks during a sync is served, with all others, by the next one.

import type * as nodeFileSystem from 'node:fs'

/** What the journal asks of the disk; tests give one that fails. */
export type HoldFileSystem = Pick<
  typeof nodeFileSystem,
  | 'openSync'
  | 'writeSync'
  | 'ftruncateSync'
  | 'fdatasyncSync'
  | 'fdatasync'
  | 'fsyncSync'
  | 'closeSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'renameSync'
  | 'unlinkSync'
>

export type SegmentFile = {
  descriptor: number | null
  /** the directory durably knows the file's name */
  named: boolean
  /** bytes written, and how many of them are durable */
  bytes: number
  durableBytes: number
  /** nothing may follow what was written: a cut-off write that stayed, or a sync that failed */
  spoiled: boolean
  /** once a sync has failed nobody knows what is on the disk, and a later one that succeeds proves nothing */
  syncFailure: Error | null
}

type Group = { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: Error) => void }

const SOON_MILLISECONDS = 50

export class HoldSyncer {
  readonly #disk: HoldFileSystem
  readonly #directory: number
  readonly #retired = new Set<SegmentFile>()
  #dirty = new Set<SegmentFile>()
  #busy: ReadonlySet<SegmentFile> = new Set()
  #next: Group | null = null
  #running: Promise<void> | null = null
  #soon: NodeJS.Timeout | null = null
  #syncs = 0

  constructor(disk: HoldFileSystem, dir: string) {
    this.#disk = disk
    this.#directory = disk.openSync(dir, 'r')
  }

  get syncs(): number {
    return this.#syncs
  }

  /** Resolves when what was written to the file until now is durable; shared by all who ask before the sync begins. */
  sync(file: SegmentFile): Promise<void> {
    this.#dirty.add(file)
    if (this.#next === null) {
      this.#next = Promise.withResolvers<void>()
      // whoever asked may have left with the call already; the others still learn of it
      this.#next.promise.catch(() => undefined)
      if (this.#running === null) setImmediate(() => this.#start())
    }
    return this.#next.promise
  }

  /** As sync, for those who do not wait: within a moment, together with everything else that is written until then. */
  syncSoon(file: SegmentFile): void {
    this.#dirty.add(file)
    this.#soon ??= setTimeout(() => {
      this.#soon = null
      for (const dirty of this.#dirty) void this.sync(dirty)
    }, SOON_MILLISECONDS).unref()
  }

  syncNow(file: SegmentFile): void {
    if (file.descriptor === null) return
    this.#disk.fdatasyncSync(file.descriptor)
    this.#disk.fsyncSync(this.#directory)
    file.named = true
    file.durableBytes = file.bytes
  }

  /** Closes the file once nobody waits for it. */
  retire(file: SegmentFile): void {
    if (this.#dirty.has(file) || this.#busy.has(file)) {
      this.#retired.add(file)
      return
    }
    this.#retired.delete(file)
    if (file.descriptor === null) return
    try {
      this.#disk.closeSync(file.descriptor)
    } catch {
      // what was written is synced or has failed to be, and either is known
    }
    file.descriptor = null
  }

  /** Resolves when nobody waits any more. */
  async settle(): Promise<void> {
    if (this.#soon !== null) clearTimeout(this.#soon)
    this.#soon = null
    for (const dirty of this.#dirty) void this.sync(dirty)
    this.#start()
    while (this.#running !== null) await this.#running
  }

  close(): void {
    this.#disk.closeSync(this.#directory)
  }

  #start(): void {
    if (this.#next !== null && this.#running === null) this.#running = this.#run(this.#next)
  }

  async #run(group: Group): Promise<void> {
    this.#busy = this.#dirty
    this.#dirty = new Set()
    this.#next = null
    this.#syncs += 1
    let failure: Error | null = null
    for (const file of this.#busy) failure = (await this.#syncFile(file)) ?? failure
    if (failure === null) group.resolve()
    else group.reject(new Error(`holds could not be made durable: ${failure.message}`, { cause: failure }))
    this.#busy = new Set()
    for (const file of this.#retired) this.retire(file)
    this.#running = null
    this.#start()
  }

  /** Null, or what went wrong. */
  async #syncFile(file: SegmentFile): Promise<Error | null> {
    if (file.syncFailure !== null || file.descriptor === null) return file.syncFailure
    const covered = file.bytes
    try {
      await this.#syncDescriptor(file.descriptor)
      if (!file.named) await this.#syncDescriptor(this.#directory)
      file.named = true
      file.durableBytes = covered
      return null
    } catch (error) {
      file.spoiled = true
      file.syncFailure = error instanceof Error ? error : new Error(String(error))
      return file.syncFailure
    }
  }

  #syncDescriptor(descriptor: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#disk.fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)))
    })
  }
}
