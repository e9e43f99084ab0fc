// Finds texts in a JSON payload: those at dotted paths, where "*" is every item of a list; or all that there are, counted.

const MOST_TEXTS = 10_000

/** In the order of the paths, then of the payload. */
export function textsAt(payload: unknown, paths: readonly string[]): readonly string[] {
  const found: string[] = []
  for (const path of paths) collect(payload, path.split('.'), 0, found)
  return found
}

function collect(value: unknown, parts: readonly string[], at: number, found: string[]): void {
  if (found.length >= MOST_TEXTS) return
  const part = parts[at]
  if (part === undefined) {
    if (typeof value === 'string') found.push(value)
    return
  }
  if (part === '*') {
    if (Array.isArray(value)) for (const item of value) collect(item, parts, at + 1, found)
    return
  }
  const member = memberOf(value, part)
  if (member !== undefined) collect(member, parts, at + 1, found)
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Record<string, unknown>)[name]
}

/** Characters of all texts that stand in a payload as values. */
export function charactersIn(payload: unknown): number {
  const open: unknown[] = [payload]
  let count = 0
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'string') count += value.length
    else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) open.push(one)
  }
  return count
}
