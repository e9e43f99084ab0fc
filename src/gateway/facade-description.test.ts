// What the dialect of the samples says of itself is whole, and says no more than there is.

import { describe, expect, it } from 'vitest'
import type { HttpExchange } from '../http/exchange.ts'
import { FACADE_DESCRIPTION } from './facade-description.ts'
import { createFacadeOperations } from './facade-operations.ts'
import { facadeSurface } from './surfaces/facade/index.ts'

const operations = createFacadeOperations({
  adminTokenHash: '',
  tokens: null,
  closeToday: () => Promise.resolve(),
  costItems: () => Promise.resolve([]),
})

describe('the description', () => {
  it('is an OpenAPI document that names every schema that it points to', () => {
    expect(FACADE_DESCRIPTION.openapi).toMatch(/^3\.0\./)
    const named = [...JSON.stringify(FACADE_DESCRIPTION).matchAll(/#\/components\/schemas\/(\w+)/g)]
    expect(new Set(named.map(([, name]) => name))).toEqual(new Set(Object.keys(FACADE_DESCRIPTION.components.schemas)))
  })

  it('is of routes that there are', () => {
    for (const [path, methods] of Object.entries(FACADE_DESCRIPTION.paths))
      for (const method of Object.keys(methods).map((name) => name.toUpperCase()))
        expect(facadeSurface.match(method, path) ?? operations.match({ method, path } as HttpExchange)).not.toBeNull()
  })
})
