// A file system whose process can die: from then on nothing it does reaches the disk, and what it had open is closed.

import * as nodeFileSystem from 'node:fs'
import type { HoldFileSystem } from '../../src/stores/hold-syncer.ts'

export type MortalDisk = { readonly fileSystem: HoldFileSystem; readonly die: () => void }

export function mortalDisk(changes: Partial<HoldFileSystem> = {}): MortalDisk {
  const living: HoldFileSystem = { ...nodeFileSystem, ...changes }
  const descriptors = new Set<number>()
  let dead = false
  const alive = <A extends unknown[], R>(action: (...values: A) => R): ((...values: A) => R) => {
    return (...values) => {
      if (dead) throw new Error('this process is dead')
      return action(...values)
    }
  }
  const openSync = (...values: Parameters<HoldFileSystem['openSync']>): number => {
    const descriptor = living.openSync(...values)
    descriptors.add(descriptor)
    return descriptor
  }
  const closeSync = (descriptor: number): void => {
    descriptors.delete(descriptor)
    living.closeSync(descriptor)
  }
  return {
    fileSystem: {
      openSync: alive(openSync),
      closeSync: alive(closeSync),
      writeSync: alive(living.writeSync) as HoldFileSystem['writeSync'],
      ftruncateSync: alive(living.ftruncateSync),
      fdatasyncSync: alive(living.fdatasyncSync),
      fdatasync: alive(living.fdatasync) as HoldFileSystem['fdatasync'],
      fsyncSync: alive(living.fsyncSync),
      readdirSync: alive(living.readdirSync) as HoldFileSystem['readdirSync'],
      readFileSync: alive(living.readFileSync) as HoldFileSystem['readFileSync'],
      renameSync: alive(living.renameSync),
      unlinkSync: alive(living.unlinkSync),
    },
    die() {
      dead = true
      for (const descriptor of descriptors) nodeFileSystem.closeSync(descriptor)
      descriptors.clear()
    },
  }
}
