// The files of closed days in their folder, and copies of them where they are wanted: whole or not there, and never changed once they are.

import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ClosedRow } from '../core/closing.ts'

/** A place beyond this machine that files are copied to, such as a bucket. */
export type Shelf = {
  /** Safe to repeat. Rejects when other content is there under that name. */
  keep(name: string, file: Uint8Array): Promise<void>
  /** Whatever was under the name goes. */
  replace(name: string, file: Uint8Array): Promise<void>
  remove(name: string): Promise<void>
}

/** What a day, its hours or its month is written as. */
export type FileKind = {
  /** `stem`: 2026-11-20, 2026-11-20.correction-1 */
  readonly nameOf: (stem: string) => string
  readonly bytesOf: (rows: readonly ClosedRow[]) => Promise<Uint8Array>
}

export type ClosedFilesOptions = {
  readonly folder: string
  /** null: they stay in the folder */
  readonly shelf: Shelf | null
}

export type ClosedFiles = {
  /** Each file is written where it is missing, and copied to the shelf where it has not been: also after a death in the middle. */
  keep(
    files: readonly { readonly stem: string; readonly rows: readonly ClosedRow[] }[],
    kinds: readonly FileKind[],
  ): Promise<readonly string[]>
  /** A file that may be written again. */
  replace(name: string, file: Uint8Array): Promise<void>
  remove(name: string): Promise<void>
  /** What was reported is remembered beside the files; null: nothing was. */
  recall(name: string): Promise<string | null>
  remember(name: string, text: string): Promise<void>
}

const STATE_FOLDER = '.closed'
/** Holds an empty file for each file that the shelf has taken. */
const TAKEN_FOLDER = join(STATE_FOLDER, 'taken')

export function createClosedFiles({ folder, shelf }: ClosedFilesOptions): ClosedFiles {
  const pathOf = (name: string): string => join(folder, name)
  const takenPath = (name: string): string => join(folder, TAKEN_FOLDER, name.replaceAll('/', '!'))

  const copy = async (name: string): Promise<void> => {
    if (shelf === null || (await isThere(takenPath(name)))) return
    await shelf.keep(name, await readFile(pathOf(name)))
    // only now: what is not known to be there is copied again, which changes nothing
    await writeWhole(takenPath(name), '')
  }
  return {
    async keep(files, kinds) {
      const names: string[] = []
      for (const { stem, rows } of files) {
        for (const { nameOf, bytesOf } of kinds) {
          const name = nameOf(stem)
          if (!(await isThere(pathOf(name)))) await writeWhole(pathOf(name), await bytesOf(rows))
          await copy(name)
          names.push(name)
        }
      }
      return names
    },
    async replace(name, file) {
      await writeWhole(pathOf(name), file)
      await shelf?.replace(name, file)
    },
    async remove(name) {
      if (!(await isThere(pathOf(name)))) return
      await shelf?.remove(name)
      await rm(pathOf(name), { force: true })
    },
    recall: (name) => readFile(join(folder, STATE_FOLDER, name), 'utf8').catch(noneIfAbsent),
    remember: (name, text) => writeWhole(join(folder, STATE_FOLDER, name), text),
  }
}

function noneIfAbsent(thrown: unknown): null {
  if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null
  throw thrown
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Readers see the whole file or none, also after a loss of power. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.writing`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
