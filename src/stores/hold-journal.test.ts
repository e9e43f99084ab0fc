// The files of the hold journal: what is read back after a crash, and what is not.

import * as nodeFileSystem from 'node:fs'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aHold, holdJournalContract } from '../../test/contract/hold-journal.ts'
import { mortalDisk } from '../../test/contract/mortal-disk.ts'
import type { MortalDisk } from '../../test/contract/mortal-disk.ts'
import { HoldUnwritable, openHoldJournal } from './hold-journal.ts'
import type { HoldJournalOptions, OpenHoldJournal } from './hold-journal.ts'
import type { HoldFileSystem } from './hold-syncer.ts'

const scratchDirectory = (): string => mkdtempSync(join(tmpdir(), 'weighbridge-holds-'))
const remove = (dir: string): void => rmSync(dir, { recursive: true })

for (const [name, options] of [
  ['segment files', {}],
  ['tiny segment files', { segmentBytes: 600, maxSegments: 2 }],
] as const) {
  holdJournalContract(name, () => {
    const dir = scratchDirectory()
    let disk = mortalDisk()
    return {
      open() {
        disk.die()
        disk = mortalDisk()
        return openHoldJournal({ dir, now: Date.now, fileSystem: disk.fileSystem, ...options })
      },
      remove() {
        disk.die()
        remove(dir)
      },
    }
  })
}

describe('the files of the hold journal', () => {
  let dir: string
  let disk: MortalDisk
  beforeEach(() => {
    dir = scratchDirectory()
    disk = mortalDisk()
  })
  afterEach(() => {
    disk.die()
    remove(dir)
  })

  /** The next process, on a disk that may fail. */
  const open = (options: Partial<HoldJournalOptions> = {}, failing: Partial<HoldFileSystem> = {}): OpenHoldJournal => {
    disk.die()
    disk = mortalDisk(failing)
    return openHoldJournal({ dir, now: Date.now, fileSystem: disk.fileSystem, ...options })
  }
  const replaceFiles = (path: string, content: Buffer): void => {
    disk.die()
    rmSync(dir, { recursive: true })
    mkdirSync(dir)
    writeFileSync(path, content)
  }
  const files = (): string[] => readdirSync(dir).toSorted()
  const ids = (journal: OpenHoldJournal): string[] => journal.recover().map((hold) => hold.requestId)
  const written = (count: number): string => {
    const journal = open()
    for (let index = 0; index < count; index += 1) journal.open(aHold(`request-${index}`))
    return join(dir, 'holds-00000001.log')
  }
  /** Where the content ends: before the zeros that are written ahead. */
  const contentEnd = (path: string): number => readFileSync(path).findLastIndex((byte) => byte !== 0) + 1

  it('are gone after a clean end', async () => {
    const journal = open()
    journal.open(aHold('a'))
    journal.close('a')
    await journal.shutdown()
    expect(files()).toEqual([])
  })

  it('are readable by their owner only', () => {
    expect(statSync(written(1)).mode & 0o777).toBe(0o600)
  })

  it('give up any number of bytes cut from their end without inventing anything', () => {
    const path = written(3)
    const bytes = readFileSync(path)
    const end = contentEnd(path)
    const start = bytes.indexOf('request-2') - 11
    for (let cut = end - 1; cut > start; cut -= 1) {
      replaceFiles(path, bytes.subarray(0, cut))
      const journal = open()
      expect(ids(journal)).toEqual(['request-0', 'request-1'])
      expect(journal.problems()).toEqual([
        expect.stringMatching(/^holds-00000001.log: the last \d+ bytes are no whole record/),
      ])
    }
  })

  it('are read to the end when only the zeros ahead are cut', () => {
    const path = written(2)
    truncateSync(path, contentEnd(path))
    const journal = open()
    expect(ids(journal)).toEqual(['request-0', 'request-1'])
    expect(journal.problems()).toEqual([])
  })

  it('are set aside when a byte was changed anywhere, and what is readable around it is kept', () => {
    const path = written(3)
    const bytes = readFileSync(path)
    const start = bytes.indexOf('request-1') - 11
    const end = bytes.indexOf('request-2') - 11
    for (let at = start; at < end; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      replaceFiles(path, changed)
      const journal = open()
      expect(ids(journal)).toEqual(['request-0', 'request-2'])
      expect(journal.problems()).toEqual([expect.stringContaining(`damaged at byte ${start}`)])
      expect(files()).toEqual(['holds-00000001.log.corrupt', 'holds-00000002.log'])
      expect(ids(open())).toEqual(['request-0', 'request-2'])
    }
  })

  it('are set aside when the last record was changed', () => {
    const path = written(2)
    const bytes = readFileSync(path)
    const at = bytes.indexOf('request-1')
    bytes[at] = 0x41
    writeFileSync(path, bytes)
    const journal = open()
    expect(ids(journal)).toEqual(['request-0'])
    expect(files()).toContain('holds-00000001.log.corrupt')
  })

  it('do not pile up, whatever stays open for long', () => {
    const journal = open({ segmentBytes: 2_000, maxSegments: 3 })
    journal.open(aHold('long'))
    for (let index = 0; index < 500; index += 1) {
      journal.open(aHold(`request-${index}`))
      journal.close(`request-${index}`)
    }
    expect(files().length).toBeLessThanOrEqual(3)
    expect(ids(open())).toContain('long')
  })

  it('are synced once for many', async () => {
    const journal = open()
    const waits = Array.from({ length: 100 }, (_, index) => {
      journal.open(aHold(`request-${index}`))
      return journal.durable(`request-${index}`)
    })
    await Promise.all(waits)
    expect(journal.stats().syncs).toBe(1)
    await journal.durable('request-99')
    expect(journal.stats().syncs).toBe(1)
  })

  it('keep what was written when a process dies before it synced', () => {
    const script = `
      import { openHoldJournal } from ${JSON.stringify(join(import.meta.dirname, 'hold-journal.ts'))}
      const journal = openHoldJournal({ dir: ${JSON.stringify(dir)}, now: Date.now })
      journal.open(${JSON.stringify({ ...aHold('last words'), heldCost: null })})
      process.kill(process.pid, 'SIGKILL')`
    expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script])).toThrow('Command failed')
    expect(ids(open())).toEqual(['last words'])
  })

  describe('on a disk that fails', () => {
    const noSpace = (): Error => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

    /** Writes the first `room` bytes of each write and then fails, while `full`. */
    function failingDisk() {
      const state = { full: false, room: 7, truncateFails: false, syncFails: false }
      const failing = {
        writeSync(descriptor: number, bytes: Buffer, offset: number, length: number, position: number): number {
          if (!state.full) return nodeFileSystem.writeSync(descriptor, bytes, offset, length, position)
          if (offset > 0) throw noSpace()
          return nodeFileSystem.writeSync(descriptor, bytes, offset, Math.min(length, state.room), position)
        },
        ftruncateSync(descriptor: number, length: number): void {
          if (state.truncateFails) throw noSpace()
          nodeFileSystem.ftruncateSync(descriptor, length)
        },
        fdatasync(descriptor: number, done: (error: Error | null) => void): void {
          if (state.syncFails) setImmediate(() => done(new Error('EIO: i/o error, fdatasync')))
          else nodeFileSystem.fdatasync(descriptor, done)
        },
      } as unknown as Partial<HoldFileSystem>
      return { state, failing }
    }

    it.each([
      ['the cut-off record is taken back', false],
      ['the cut-off record cannot be taken back either', true],
    ])('refuse the hold, and work again when there is space: %s', (_, truncateFails) => {
      const { state, failing } = failingDisk()
      const journal = open({}, failing)
      journal.open(aHold('before'))
      Object.assign(state, { full: true, truncateFails })
      expect(() => journal.open(aHold('during'))).toThrow(HoldUnwritable)
      expect(() => journal.open(aHold('during'))).toThrow(HoldUnwritable)
      state.full = false
      journal.open(aHold('after'))
      const next = open()
      expect(ids(next)).toEqual(['before', 'after'])
    })

    it('leave no rest of a cut-off record behind', async () => {
      const { state, failing } = failingDisk()
      const journal = open({}, failing)
      journal.open(aHold('a'))
      journal.open(aHold('b'))
      Object.assign(state, { full: true, room: 150 })
      expect(() => journal.open(aHold('during'))).toThrow(HoldUnwritable)
      state.full = false
      journal.close('a')
      await journal.shutdown()
      const next = open()
      expect(ids(next)).toEqual(['b'])
      expect(next.problems()).toEqual([])
    })

    it('keep the closes of a full disk for later', async () => {
      const { state, failing } = failingDisk()
      const journal = open({}, failing)
      journal.open(aHold('a'))
      state.full = true
      journal.close('a')
      for (let index = 0; index < 100; index += 1) journal.close(`request-${index}`)
      expect(() => journal.open(aHold('b'))).toThrow(HoldUnwritable)
      state.full = false
      journal.open(aHold('c'))
      expect(ids(open())).toEqual(['c'])
    })

    it('never call durable what a failed sync may have lost', async () => {
      const { state, failing } = failingDisk()
      const journal = open({}, failing)
      state.syncFails = true
      journal.open(aHold('a'))
      await expect(journal.durable('a')).rejects.toThrow('could not be made durable')
      state.syncFails = false
      await expect(journal.durable('a')).rejects.toThrow('could not be made durable')
      journal.open(aHold('b'))
      await expect(journal.durable('b')).resolves.toBeUndefined()
    })

    it("leave an earlier process's holds where they are when they cannot be moved", () => {
      written(2)
      const { state, failing } = failingDisk()
      state.full = true
      const journal = open({}, failing)
      expect(ids(journal)).toEqual(['request-0', 'request-1'])
      expect(journal.problems()).toEqual([expect.stringContaining('ENOSPC')])
      expect(ids(open())).toEqual(['request-0', 'request-1'])
    })
  })

  it('on a real disk of 4 MiB that fills up, refuse in time and work again', ({ skip }) => {
    const mount = join(dir, 'small')
    mkdirSync(mount)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', mount], { stdio: 'pipe' })
    } catch (error) {
      console.warn('skipped: a full disk, which needs the right to mount a tmpfs')
      skip(`mounting a tmpfs is not allowed here: ${String(error)}`)
    }
    try {
      const journal = openHoldJournal({ dir: mount, now: Date.now })
      writeFileSync(join(mount, 'ballast'), Buffer.alloc(3 * 1024 * 1024))
      let taken = 0
      expect(() => {
        for (; taken < 100_000; taken += 1) journal.open(aHold(`request-${taken}`))
      }).toThrow('no space left')
      expect(taken).toBeGreaterThan(100)
      rmSync(join(mount, 'ballast'))
      journal.open(aHold('after'))
      const held = openHoldJournal({ dir: mount, now: Date.now }).recover()
      expect(held).toHaveLength(taken + 1)
      expect(held.at(-1)?.requestId).toBe('after')
    } finally {
      execFileSync('umount', ['--lazy', mount])
    }
  })
})
