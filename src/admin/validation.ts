// Validates one part of a request with its schema, and says the first problem as field and reason.

import type { z } from 'zod'
import { refuseHostileText } from './body.ts'
import { AdminError, invalid } from './errors.ts'

export type Validated = { readonly value: unknown } | { readonly error: AdminError }

/** The framework passes null for a body that was not sent. */
export const validatorOf =
  (schema: z.ZodType) =>
  (data: unknown): Validated => {
    try {
      refuseHostileText(data)
      const result = schema.safeParse(data ?? undefined)
      return result.success ? { value: result.data } : { error: problemOf(result.error) }
    } catch (thrown) {
      if (thrown instanceof AdminError) return { error: thrown }
      throw thrown
    }
  }

function problemOf({ issues }: z.ZodError): AdminError {
  const issue = issues[0]
  if (issue === undefined) return new AdminError('invalid_request')
  if (issue.code === 'unrecognized_keys') {
    const field = fieldOf([...issue.path, issue.keys[0] ?? ''])
    return invalid(field, `${field} is not known here.`)
  }
  const field = fieldOf(issue.path)
  if (field === '') return invalid(null, `The request must carry a JSON object. ${issue.message}.`)
  const words = /^must\b/.test(issue.message) ? ` ${issue.message}` : `: ${issue.message}`
  return invalid(field, `${field}${words.replace(/\.$/, '')}.`)
}

/** "limits[0].amount" */
function fieldOf(path: readonly PropertyKey[]): string {
  let field = ''
  for (const part of path) {
    if (typeof part === 'number') field += `[${part}]`
    else field += `${field === '' ? '' : '.'}${String(part).slice(0, 80)}`
  }
  return field
}
