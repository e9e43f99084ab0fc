// Holds in append-only segment files of the data directory: one write for each hold, one sync for many, nothing lost and nothing invented.
// The directory belongs to one process: whoever opens the journal has opened the store (and its lock) before.

import * as nodeFileSystem from 'node:fs'
import { join } from 'node:path'
import type { Hold, HoldJournal } from '../core/reservation.ts'
import { closePayload, frameRoom, openPayload, readSegment, segmentPayload, writeFrame } from './hold-records.ts'
import type { SegmentContent } from './hold-records.ts'
import { HoldRegister, type Registered } from './hold-register.ts'
import { HoldSyncer } from './hold-syncer.ts'
import type { HoldFileSystem, SegmentFile } from './hold-syncer.ts'

export type HoldJournalOptions = {
  readonly dir: string
  readonly now: () => number
  readonly fileSystem?: HoldFileSystem
  /** a segment that has grown to this is followed by a new one */
  readonly segmentBytes?: number
  /** more files than these: what is still open in the oldest moves to the newest */
  readonly maxSegments?: number
}

export type OpenHoldJournal = HoldJournal & {
  /** What was found wrong when the journal was opened, and what was done about it; one sentence each. */
  problems(): readonly string[]
  stats(): HoldJournalStats
}

export type HoldJournalStats = { readonly openHolds: number; readonly segments: number; readonly syncs: number }

/** A hold cannot be written: the call must not be sent. Works again when the disk does. */
export class HoldUnwritable extends Error {
  constructor(cause: unknown) {
    super(`a hold could not be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'HoldUnwritable'
  }
}

type Segment = SegmentFile & {
  readonly number: number
  readonly path: string
  /** zeros are written up to here */
  extent: number
  /** bytes that older segments' holds took: they do not count towards its size, or many open holds would fill each new one */
  carriedBytes: number
  openHolds: number
  /** the file is damaged: it is kept beside the others under another name */
  readonly damaged: boolean
}

/** `end`: what must be durable for the hold to be. */
type OpenHold = Registered & { readonly hold: Hold; readonly segment: Segment; readonly end: number }

const SEGMENT_NAME = /^holds-(\d{8})\.log$/
const EXTENT_BYTES = 64 * 1024
const MAX_PROBLEMS = 100
const CLOSES_IN_ONE_WRITE = 64
const CLOSE_FLUSH_MILLISECONDS = 100

export const openHoldJournal = (options: HoldJournalOptions): OpenHoldJournal => new SegmentedHoldJournal(options)

class SegmentedHoldJournal implements OpenHoldJournal {
  readonly #disk: HoldFileSystem
  readonly #options: HoldJournalOptions
  readonly #segmentBytes: number
  readonly #maxSegments: number
  readonly #syncer: HoldSyncer
  readonly #open = new HoldRegister<OpenHold>()
  readonly #problems: string[] = []
  readonly #recovered: readonly Hold[]
  #segments: Segment[] = []
  #current: Segment | null = null
  #scratch = Buffer.allocUnsafe(64 * 1024)
  #closed: string[] = []
  #flushTimer: NodeJS.Timeout | null = null
  #ended = false

  constructor(options: HoldJournalOptions) {
    this.#options = options
    this.#disk = options.fileSystem ?? nodeFileSystem
    this.#segmentBytes = options.segmentBytes ?? 8 * 1024 * 1024
    this.#maxSegments = options.maxSegments ?? 4
    this.#syncer = new HoldSyncer(this.#disk, options.dir)
    this.#recovered = this.#readSegments()
    // what an earlier process left moves to this one's own file; a disk too full for that leaves it where it is
    if (this.#segments.length > 0) {
      this.#tryOrReport(() => {
        this.#writable()
        this.#carryOver(this.#segments.length - 1)
      })
    }
  }

  open(...holds: readonly Hold[]): void {
    if (this.#ended) throw new HoldUnwritable(new Error('the journal is closed'))
    const payloads = holds.map(openPayload)
    try {
      const segment = this.#writable()
      if (this.#closed.length > 0) payloads.unshift(closePayload(this.#closed))
      this.#write(segment, payloads)
      this.#closesWritten()
      for (const hold of holds) this.#setOpen(hold, segment)
      this.#syncer.syncSoon(segment)
    } catch (error) {
      throw new HoldUnwritable(error)
    }
  }

  durable(requestId: string): Promise<void> {
    const found = this.#open.get(requestId)
    const already = found === undefined || found.end <= found.segment.durableBytes
    return already ? Promise.resolve() : this.#syncer.sync(found.segment)
  }

  close(requestId: string): void {
    if (!this.#setClosed(requestId)) return
    this.#closed.push(requestId)
    if (this.#closed.length >= CLOSES_IN_ONE_WRITE) this.#flushCloses()
    else this.#flushTimer ??= setTimeout(() => this.#flushCloses(), CLOSE_FLUSH_MILLISECONDS).unref()
  }

  recover(): readonly Hold[] {
    return this.#recovered
  }

  problems(): readonly string[] {
    return this.#problems
  }

  stats(): HoldJournalStats {
    return { openHolds: this.#open.size, segments: this.#segments.length, syncs: this.#syncer.syncs }
  }

  async shutdown(): Promise<void> {
    if (this.#ended) return
    this.#flushCloses()
    this.#ended = true
    await this.#syncer.settle()
    for (const segment of this.#segments) this.#syncer.retire(segment)
    if (this.#open.size === 0) for (const segment of this.#segments) this.#letGo(segment)
    this.#syncer.close()
  }

  /** What is open at the end of them, in the order in which it was written. */
  #readSegments(): readonly Hold[] {
    const open = new Map<string, { hold: Hold; segment: Segment }>()
    const names = this.#disk.readdirSync(this.#options.dir).filter((name) => SEGMENT_NAME.test(name))
    for (const name of names.sort()) {
      const path = join(this.#options.dir, name)
      const content = readSegment(this.#disk.readFileSync(path))
      this.#reportDamage(name, content)
      const segment = newSegment(Number(SEGMENT_NAME.exec(name)?.[1]), path, null, content.damagedAt.length > 0)
      this.#segments.push(segment)
      for (const record of content.records) {
        if (record.kind === 'open') open.set(record.hold.requestId, { hold: record.hold, segment })
        if (record.kind === 'close') for (const requestId of record.requestIds) open.delete(requestId)
      }
    }
    for (const { hold, segment } of open.values()) this.#setOpen(hold, segment)
    return [...open.values()].map(({ hold }) => hold)
  }

  #reportDamage(name: string, content: SegmentContent): void {
    if (content.tornBytes > 0) {
      this.#problems.push(`${name}: the last ${content.tornBytes} bytes are no whole record and were dropped`)
    }
    for (const offset of content.damagedAt) {
      this.#problems.push(
        `${name}: damaged at byte ${offset}; what is readable around it was kept, the file is set aside as ${name}.corrupt`,
      )
    }
  }

  #setOpen(hold: Hold, segment: Segment): void {
    this.#setClosed(hold.requestId)
    this.#open.add({ id: hold.requestId, next: null, hold, segment, end: segment.bytes })
    segment.openHolds += 1
  }

  #setClosed(requestId: string): boolean {
    const found = this.#open.remove(requestId)
    if (found === undefined) return false
    found.segment.openHolds -= 1
    return true
  }

  /** The segment to write to; a new one when there is none, it is full, or it was spoiled. */
  #writable(): Segment {
    const before = this.#current
    if (before !== null && !before.spoiled && before.bytes - before.carriedBytes < this.#segmentBytes) return before
    const number = (this.#segments.at(-1)?.number ?? 0) + 1
    const path = join(this.#options.dir, `holds-${String(number).padStart(8, '0')}.log`)
    const segment = newSegment(number, path, this.#disk.openSync(path, 'wx', 0o600), false)
    this.#current = segment
    this.#segments.push(segment)
    if (before !== null) this.#syncer.retire(before)
    this.#dropFinished()
    const tooMany = this.#segments.length - this.#maxSegments
    if (tooMany > 0) this.#tryOrReport(() => this.#carryOver(tooMany))
    return segment
  }

  /** All records in one write; whole, or taken back. */
  #write(segment: Segment, contents: readonly string[]): void {
    const payloads = segment.bytes === 0 ? [segmentPayload(this.#options.now()), ...contents] : contents
    let room = 0
    for (const payload of payloads) room += frameRoom(payload)
    if (this.#scratch.length < room) this.#scratch = Buffer.allocUnsafe(room)
    let end = 0
    for (const payload of payloads) end = writeFrame(this.#scratch, end, payload)
    try {
      if (segment.bytes + end > segment.extent) this.#extend(segment, end)
      this.#writeAll(segment, this.#scratch, end, segment.bytes)
      segment.bytes += end
    } catch (error) {
      this.#takeBack(segment)
      throw error
    }
  }

  /** A disk that is nearly full takes a part; asking for the rest says why. */
  #writeAll(segment: Segment, bytes: Buffer, length: number, position: number): void {
    const descriptor = segment.descriptor as number
    for (let written = 0; written < length; ) {
      written += this.#disk.writeSync(descriptor, bytes, written, length - written, position + written)
    }
  }

  /** Zeros ahead of the records: a sync that need not also record a new file size takes half the time. */
  #extend(segment: Segment, length: number): void {
    const zeros = Math.max(EXTENT_BYTES, length)
    this.#writeAll(segment, Buffer.alloc(zeros), zeros, segment.bytes)
    segment.extent = segment.bytes + zeros
  }

  #takeBack(segment: Segment): void {
    try {
      this.#disk.ftruncateSync(segment.descriptor as number, segment.bytes)
      segment.extent = segment.bytes
    } catch {
      segment.spoiled = true
    }
  }

  /** Moves what is still open in the oldest segments to the newest, and lets them go. */
  #carryOver(count: number): void {
    const target = this.#current
    if (target === null) return
    const oldest = new Set(this.#segments.slice(0, count))
    const holds = this.#open
      .values()
      .filter(({ segment }) => oldest.has(segment))
      .map(({ hold }) => hold)
    for (const hold of holds) this.#write(target, [openPayload(hold)])
    target.carriedBytes = target.bytes
    this.#syncer.syncNow(target)
    for (const hold of holds) this.#setOpen(hold, target)
    this.#dropFinished()
  }

  /** Oldest first only: a segment also holds the closes of older ones. */
  #dropFinished(): void {
    while (this.#segments.length > 1 && this.#segments[0]?.openHolds === 0) {
      const segment = this.#segments.shift() as Segment
      this.#syncer.retire(segment)
      this.#tryOrReport(() => this.#letGo(segment))
    }
  }

  #letGo(segment: Segment): void {
    if (segment.damaged) this.#disk.renameSync(segment.path, `${segment.path}.corrupt`)
    else this.#disk.unlinkSync(segment.path)
  }

  #flushCloses(): void {
    if (this.#closed.length === 0 || this.#ended) return
    try {
      this.#write(this.#writable(), [closePayload(this.#closed)])
      this.#closesWritten()
    } catch {
      // they go with the next write that works; lost, they only cost recovery a question to the ledger
      this.#flushTimer = null
    }
  }

  #closesWritten(): void {
    if (this.#closed.length > 0) this.#closed = []
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer)
    this.#flushTimer = null
  }

  #tryOrReport(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (this.#problems.length < MAX_PROBLEMS)
        this.#problems.push(error instanceof Error ? error.message : String(error))
    }
  }
}

const newSegment = (number: number, path: string, descriptor: number | null, damaged: boolean): Segment => ({
  number,
  path,
  descriptor,
  damaged,
  bytes: 0,
  durableBytes: 0,
  syncFailure: null,
  extent: 0,
  carriedBytes: 0,
  openHolds: 0,
  named: false,
  spoiled: false,
})
