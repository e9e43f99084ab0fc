// Parameters of a raw query string, told apart by name and otherwise left as they were sent.

/** The query without the parameters of these names; every other byte stays where it is. */
export function withoutParameters(query: string, names: ReadonlySet<string>): string {
  if (names.size === 0 || query === '') return query
  return query
    .split('&')
    .filter((part) => !names.has(parameterName(part)))
    .join('&')
}

/** Decoded as servers do; one that cannot be is its own name. */
export function parameterName(part: string): string {
  const at = part.indexOf('=')
  const name = (at === -1 ? part : part.slice(0, at)).replaceAll('+', ' ')
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
