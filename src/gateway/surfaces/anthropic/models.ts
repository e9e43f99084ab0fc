// The models that a key may call, as Anthropic lists models: a page at a time.

import type { ListedModel, RenderedAnswer, Route } from '../surface.ts'
import { invalid } from './request.ts'

const USUAL_PAGE = 20
const LONGEST_PAGE = 1_000

export function renderModels(models: readonly ListedModel[], route: Route): RenderedAnswer {
  const listed = models.map(shown)
  if (route.modelId !== null) return answer(listed[0])
  const queryAt = route.upstreamPath.indexOf('?')
  const query = new URLSearchParams(queryAt === -1 ? '' : route.upstreamPath.slice(queryAt))
  const { page, more } = pageOf(listed, query)
  return answer({ data: page, has_more: more, first_id: page[0]?.id ?? null, last_id: page.at(-1)?.id ?? null })
}

type Shown = { readonly type: 'model'; readonly id: string; readonly display_name: string; readonly created_at: string }

/** Bedrock does not say of every model since when it has it: Anthropic's dialect has the epoch for that. */
const shown = ({ id, name, createdAt }: ListedModel): Shown => ({
  type: 'model',
  id,
  display_name: name,
  created_at: new Date(createdAt ?? 0).toISOString(),
})

/** After one id or before another; an id that is not there begins at the nearest end. */
function pageOf(
  models: readonly Shown[],
  query: URLSearchParams,
): { readonly page: readonly Shown[]; readonly more: boolean } {
  const limit = limitOf(query.get('limit'))
  const before = query.get('before_id')
  if (before !== null) {
    const at = models.findIndex(({ id }) => id === before)
    const end = at === -1 ? models.length : at
    const start = Math.max(0, end - limit)
    return { page: models.slice(start, end), more: start > 0 }
  }
  const after = query.get('after_id')
  const start = after === null ? 0 : models.findIndex(({ id }) => id === after) + 1
  return { page: models.slice(start, start + limit), more: start + limit < models.length }
}

function limitOf(text: string | null): number {
  if (text === null) return USUAL_PAGE
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > LONGEST_PAGE) throw invalid(`limit: must be a whole number from 1 to ${LONGEST_PAGE}`)
  return limit
}

const answer = (body: unknown): RenderedAnswer => ({
  status: 200,
  headers: ['content-type', 'application/json'],
  body: Buffer.from(JSON.stringify(body)),
})
