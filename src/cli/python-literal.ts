// Reads a map from texts to texts as configuration files have it: a JSON object, its text, or the text of a Python dictionary.

const MOST_CHARACTERS = 65_536
const MOST_ENTRIES = 1_000

/** null: it is none. */
export function stringMapOf(value: unknown): Readonly<Record<string, string>> | null {
  if (typeof value === 'string') return value.length > MOST_CHARACTERS ? null : (fromJson(value) ?? fromPython(value))
  return mapOf(value)
}

function mapOf(value: unknown): Readonly<Record<string, string>> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const entries = Object.entries(value)
  const sound = entries.length <= MOST_ENTRIES && entries.every(([, item]) => typeof item === 'string')
  return sound ? (Object.fromEntries(entries) as Record<string, string>) : null
}

function fromJson(text: string): Readonly<Record<string, string>> | null {
  try {
    return mapOf(JSON.parse(text))
  } catch {
    return null
  }
}

/** A text in either kind of quotes. */
const QUOTED = String.raw`(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)")`
const PAIR = String.raw`${QUOTED}\s*:\s*${QUOTED}\s*(?:,|$)\s*`

function fromPython(text: string): Readonly<Record<string, string>> | null {
  const inner = /^\s*\{([^]*)\}\s*$/.exec(text)?.[1]?.trim()
  if (inner === undefined) return null
  const pair = new RegExp(PAIR, 'y')
  const map = new Map<string, string>()
  while (pair.lastIndex < inner.length) {
    const found = pair.exec(inner)
    if (found === null || map.size >= MOST_ENTRIES) return null
    const [, single, double, singleValue, doubleValue] = found
    map.set(unescaped(single ?? double), unescaped(singleValue ?? doubleValue))
  }
  return Object.fromEntries(map)
}

const unescaped = (text: string | undefined): string => (text ?? '').replaceAll(/\\(.)/g, '$1')
