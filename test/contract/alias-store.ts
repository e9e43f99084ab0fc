// What every AliasStore must do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Alias, AliasStore } from '../../src/core/alias.ts'
import { StoreConflict, type TenantStore } from '../../src/core/tenant.ts'
import { aTenant } from './tenant-store.ts'

export type OpenedAliases = {
  readonly aliases: AliasStore
  readonly tenants: TenantStore
  readonly changeCounter: () => Promise<number>
  readonly close: () => Promise<void>
}

const anAlias = (name: string, tenantId: string | null, changes: Partial<Alias> = {}): Alias => ({
  name,
  tenantId,
  targets: [{ modelId: 'amazon.nova-lite-v1:0', from: '2026-10-01T00:00:00.000Z' }],
  createdAt: '2026-10-01T00:00:00.000Z',
  ...changes,
})

export function aliasStoreContract(name: string, open: () => Promise<OpenedAliases>): void {
  describe(`${name}: aliases`, () => {
    let opened: OpenedAliases
    let aliases: AliasStore
    beforeEach(async () => {
      opened = await open()
      aliases = opened.aliases
      await opened.tenants.createTenant(aTenant('team'))
    })
    afterEach(() => opened.close())

    it('creates, replaces, lists and deletes; one name may be several owners’', async () => {
      for (const alias of [anAlias('b', 'team'), anAlias('b', null), anAlias('a', null)]) await aliases.putAlias(alias)
      const changed = anAlias('b', 'team', { targets: [{ modelId: 'a.b', from: '2026-11-01T00:00:00.000Z' }] })
      await aliases.putAlias(changed)
      expect(await aliases.listAliases()).toEqual([anAlias('a', null), anAlias('b', null), changed])
      expect(await aliases.getAlias('team', 'b')).toEqual(changed)
      expect(await aliases.getAlias('team', 'a')).toBeNull()
      expect(await aliases.deleteAlias('team', 'b')).toBe(true)
      expect(await aliases.deleteAlias('team', 'b')).toBe(false)
      expect(await aliases.listAliases()).toEqual([anAlias('a', null), anAlias('b', null)])
    })

    it('has none of a tenant that does not exist', async () => {
      await expect(aliases.putAlias(anAlias('a', 'nobody'))).rejects.toThrow(StoreConflict)
      expect(await aliases.listAliases()).toEqual([])
    })

    it('counts every change, and nothing else', async () => {
      const start = await opened.changeCounter()
      await aliases.putAlias(anAlias('a', null))
      await aliases.deleteAlias(null, 'none')
      expect(await opened.changeCounter()).toBe(start + 1)
      await aliases.deleteAlias(null, 'a')
      expect(await opened.changeCounter()).toBe(start + 2)
    })
  })
}
