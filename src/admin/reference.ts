// The reference page of the control plane, made from the table of routes and their schemas.

import { z } from 'zod'
import { ADMIN_ERRORS } from './errors.ts'
import { ADMIN_PREFIX, ROUTES, type Route } from './routes.ts'

export function describeAdminApi(): string {
  const errors = Object.entries(ADMIN_ERRORS).map(
    ([code, { status, message }]) => `| \`${code}\` | ${status} | ${message} |`,
  )
  return [HEAD, ...ROUTES.map(routePart), ERRORS_HEAD, ...errors, ''].join('\n')
}

function routePart({ method, path, operation }: Route): string {
  const { words, query, body, rawBodyBytes, status } = operation
  const asked = fieldRows(query, 'query')
  const sent = body === null || rawBodyBytes !== null ? [] : fieldRows(body, 'body')
  const table =
    asked.length + sent.length === 0 ? [] : ['| Field | In | What it takes |', '|---|---|---|', ...asked, ...sent, '']
  const answers = status === 200 ? [] : [`Answers ${status}.`, '']
  return [`### ${method} ${ADMIN_PREFIX}${path}`, '', words, '', ...answers, ...table].join('\n')
}

type Schema = {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

function fieldRows(schema: z.ZodType, place: 'query' | 'body'): readonly string[] {
  return rowsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema, place, '')
}

function rowsOf(schema: Schema, place: string, above: string): readonly string[] {
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const full = `${above}${name}`
    const words = [typeOf(field), field.description ?? '', required.has(name) ? '**needed**' : fallbackOf(field)]
    const row = `| \`${full}\` | ${place} | ${words.filter(Boolean).join('; ')} |`
    if (field.items?.properties !== undefined) return [row, ...rowsOf(field.items, place, `${full}[].`)]
    const inside = [field, ...(field.anyOf ?? [])].find(({ properties }) => properties !== undefined)
    return inside === undefined ? [row] : [row, ...rowsOf(inside, place, `${full}.`)]
  })
}

function typeOf({ type, enum: choices, anyOf, items }: Schema): string {
  if (choices !== undefined)
    return choices.map((choice) => (choice === '' ? 'empty' : `\`${String(choice)}\``)).join(' ')
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ')
  if (items !== undefined) return `list of ${items.properties === undefined ? typeOf(items) : 'objects'}`
  return typeof type === 'object' ? type.join(' or ') : (type ?? 'text')
}

const fallbackOf = ({ default: fallback }: Schema): string =>
  fallback === undefined || fallback === null ? '' : `\`${JSON.stringify(fallback)}\` when left out`

const HEAD = `# Admin API

<!-- Made from the code by \`npm run docs\`; edit the table there. -->

The control plane, on the port of the gateway. Every request carries \`Authorization: Bearer <admin token>\`; an API key of a tenant opens
nothing here. \`GET ${ADMIN_PREFIX}/openapi.json\` is the machine-readable form of this page, answers included.

- Bodies are JSON (\`content-type: application/json\`), up to 1 MiB (an imported price list: 64 MiB), nested at most 32 deep. Fields that
  are not listed are refused, and so is text with control characters. A request either happens whole or not at all.
- Money is a decimal string in USD, exact to 1e-12. Tokens and other counts are numbers. Times are ISO 8601 in UTC. Null is unknown,
  never zero.
- Lists come in pages: give \`next_cursor\` as \`cursor\` for what follows; null means that was all.
- Answers are never to be cached (\`cache-control: no-store\`), and carry \`x-weighbridge-request-id\`.
- Changes hold on the data plane when the answer arrives; on other nodes within a second.

## Routes
`

const ERRORS_HEAD = `## Errors

One shape: \`{"error": {"code", "message", "field"?}}\`. \`field\` names what is wrong as it was sent, such as \`limits[0].amount\`.

| Code | Status | Words |
|---|---|---|`
