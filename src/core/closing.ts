// Closed days: what was reported of a day, and what a later look at the ledger must add to it so that the sum is right again.

/** A line of the daily report: texts name it, numbers are counts or pico-USD, null is a cost that is not known. */
export type ClosedRow = Readonly<Record<string, string | bigint | null>>

/**
 * The lines that bring what was reported to what holds now; none: nothing changed. The numbers of all files of a day add up to the day. A
 * cost that is null says that the sum of the files is not known until a later file gives it a number again.
 */
export function differencesOf(
  reported: readonly (readonly ClosedRow[])[],
  current: readonly ClosedRow[],
  keys: readonly string[],
): readonly ClosedRow[] {
  const keyOf = (row: ClosedRow): string => JSON.stringify(keys.map((name) => row[name]))
  const before = new Map<string, ClosedRow[]>()
  for (const row of reported.flat()) before.set(keyOf(row), [...(before.get(keyOf(row)) ?? []), row])
  const differences: ClosedRow[] = []
  for (const row of current) {
    const difference = differenceOf(before.get(keyOf(row)) ?? [], row)
    if (difference !== null) differences.push(difference)
  }
  return differences
}

function differenceOf(earlier: readonly ClosedRow[], now: ClosedRow): ClosedRow | null {
  if (earlier.length === 0) return now
  let changed = false
  const cells = Object.entries(now).map(([name, cell]) => {
    if (typeof cell === 'string') return [name, cell] as const
    const wasKnown = earlier.at(-1)?.[name] !== null
    if (cell === null) {
      changed ||= wasKnown
      return [name, null] as const
    }
    const written = earlier.reduce((sum, row) => sum + numberIn(row, name), 0n)
    changed ||= !wasKnown || cell !== written
    return [name, cell - written] as const
  })
  return changed ? Object.fromEntries(cells) : null
}

function numberIn(row: ClosedRow, name: string): bigint {
  const cell = row[name]
  return typeof cell === 'bigint' ? cell : 0n
}
