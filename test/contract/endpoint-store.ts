// What every EndpointStore must do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Endpoint, EndpointStore } from '../../src/core/endpoint.ts'
import { StoreConflict } from '../../src/core/tenant.ts'

export type OpenedEndpoints = {
  readonly endpoints: EndpointStore
  readonly changeCounter: () => Promise<number>
  readonly close: () => Promise<void>
}

export const anEndpoint = (id: string, changes: Partial<Endpoint> = {}): Endpoint => ({
  id,
  name: `Endpoint ${id}`,
  endpointName: `SM-${id}`,
  inferenceComponent: null,
  region: 'eu-west-1',
  kind: 'chat',
  maxOutputTokens: 4_096,
  createdAt: '2026-10-01T00:00:00.000Z',
  ...changes,
})

export function endpointStoreContract(name: string, open: () => Promise<OpenedEndpoints>): void {
  describe(`${name}: endpoints`, () => {
    let opened: OpenedEndpoints
    let endpoints: EndpointStore
    beforeEach(async () => {
      opened = await open()
      endpoints = opened.endpoints
    })
    afterEach(() => opened.close())

    it('creates, replaces, lists and deletes', async () => {
      const bare = anEndpoint('b', { inferenceComponent: 'part', region: null, kind: null, maxOutputTokens: null })
      for (const endpoint of [bare, anEndpoint('a')]) await endpoints.putEndpoint(endpoint)
      const changed = anEndpoint('a', { name: 'Another name', endpointName: 'Elsewhere' })
      await endpoints.putEndpoint(changed)
      expect(await endpoints.listEndpoints()).toEqual([changed, bare])
      expect(await endpoints.getEndpoint('a')).toEqual(changed)
      expect(await endpoints.getEndpoint('c')).toBeNull()
      expect(await endpoints.deleteEndpoint('a')).toBe(true)
      expect(await endpoints.deleteEndpoint('a')).toBe(false)
      expect(await endpoints.listEndpoints()).toEqual([bare])
    })

    it('keeps a name for one of them', async () => {
      await endpoints.putEndpoint(anEndpoint('a', { name: 'Mixtral' }))
      await expect(endpoints.putEndpoint(anEndpoint('b', { name: 'Mixtral' }))).rejects.toThrow(StoreConflict)
      expect((await endpoints.listEndpoints()).map(({ id }) => id)).toEqual(['a'])
    })

    it('counts every change, and nothing else', async () => {
      const start = await opened.changeCounter()
      await endpoints.putEndpoint(anEndpoint('a'))
      await endpoints.deleteEndpoint('none')
      expect(await opened.changeCounter()).toBe(start + 1)
    })
  })
}
