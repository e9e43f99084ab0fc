// maxResults and nextToken of AWS's list operations; the token is the place in the list.
import { constraint, invalid } from './errors.ts'

export function page<T>(items: readonly T[], query: URLSearchParams): { items: T[]; nextToken: string | undefined } {
  const asked = query.get('maxResults')
  const size = asked === null ? 100 : Number(asked)
  if (!Number.isInteger(size) || size < 1 || size > 1000) {
    throw constraint(
      asked,
      'maxResults',
      `have value ${size < 1 ? 'greater than or equal to 1' : 'less than or equal to 1000'}`,
    )
  }
  const token = query.get('nextToken')
  const start = token === null ? 0 : Number(Buffer.from(token, 'base64url').toString())
  if (!Number.isInteger(start) || start < 0) throw invalid('The provided nextToken is invalid.')
  const end = start + size
  return {
    items: items.slice(start, end),
    nextToken: end < items.length ? Buffer.from(String(end)).toString('base64url') : undefined,
  }
}
