// The list of models in the form of Anthropic.

import { describe, expect, it } from 'vitest'
import { anthropicSurface } from './index.ts'

const MODELS = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, name: id.toUpperCase(), maker: null, createdAt: null }))

function page(query: string): unknown[] {
  const route = anthropicSurface.match('GET', `/anthropic/v1/models${query}`)!
  expect(route.kind).toBe('models')
  const { body } = anthropicSurface.renderModels!(MODELS, route)
  const said = JSON.parse(body.toString()) as { data: { id: string }[]; has_more: boolean; last_id: string | null }
  return [said.data.map(({ id }) => id).join(''), said.has_more, said.last_id]
}

describe('the list of models', () => {
  it.each([
    ['', ['abcde', false, 'e']],
    ['?limit=2', ['ab', true, 'b']],
    ['?limit=2&after_id=b', ['cd', true, 'd']],
    ['?limit=2&after_id=d', ['e', false, 'e']],
    ['?after_id=e', ['', false, null]],
    ['?limit=2&before_id=d', ['bc', true, 'c']],
    ['?limit=5&before_id=c', ['ab', false, 'b']],
    ['?after_id=nobody', ['abcde', false, 'e']],
  ])('%s', (query, wanted) => {
    expect(page(query)).toEqual(wanted)
  })

  it.each(['?limit=0', '?limit=1001', '?limit=-1', '?limit=many'])('refuses %s', (query) => {
    expect(() => page(query)).toThrow('limit: must be a whole number')
  })

  it('has one by its id, as the path names it', () => {
    const route = anthropicSurface.match('GET', '/anthropic/v1/models/us.anthropic.claude%3A0')!
    expect(route).toMatchObject({ kind: 'models', modelId: 'us.anthropic.claude:0' })
    expect(JSON.parse(anthropicSurface.renderModels!(MODELS.slice(0, 1), route).body.toString())).toEqual({
      type: 'model',
      id: 'a',
      display_name: 'A',
      created_at: '1970-01-01T00:00:00.000Z',
    })
  })

  it('has no place for what is no escape', () => {
    expect(anthropicSurface.match('GET', '/anthropic/v1/models/%zz')).toMatchObject({ modelId: '%zz' })
  })
})
