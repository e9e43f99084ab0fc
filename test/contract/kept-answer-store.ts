// What every KeptAnswerStore must do.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { KeptAnswerStore } from '../../src/core/kept-answer.ts'

type Opened = { readonly keptAnswers: KeptAnswerStore; readonly close: () => Promise<void> }

export function keptAnswerStoreContract(name: string, open: () => Promise<Opened>): void {
  describe(`${name}: kept answers`, () => {
    let opened: Opened
    let kept: KeptAnswerStore
    const region = 'us-east-1'
    beforeEach(async () => {
      opened = await open()
      kept = opened.keptAnswers
      await kept.keep('a', { ids: ['resp_1', 'msg_1'], region, now: 0, until: 100 })
    })
    afterEach(() => opened.close())

    it('are of the tenant that made them, and of nobody else', async () => {
      expect(await kept.regionOf('a', 'resp_1')).toBe(region)
      expect(await kept.regionOf('b', 'resp_1')).toBeNull()
      expect(await kept.regionOf('a', 'resp_2')).toBeNull()
    })

    it('stay theirs who had them first', async () => {
      await kept.keep('b', { ids: ['resp_1', 'resp_2'], region: 'eu-west-1', now: 0, until: 200 })
      expect([await kept.regionOf('a', 'resp_1'), await kept.regionOf('b', 'resp_1')]).toEqual([region, null])
      expect(await kept.regionOf('b', 'resp_2')).toBe('eu-west-1')
    })

    it('are counted by tenant and region', async () => {
      const ids = ['resp_1', 'msg_1', 'msg_2']
      expect(await kept.countOf('a', ids, region)).toBe(2)
      expect(await kept.countOf('a', ids, 'eu-west-1')).toBe(0)
      expect(await kept.countOf('b', ids, region)).toBe(0)
      expect(await kept.countOf('a', [], region)).toBe(0)
    })

    it('are forgotten by their tenant alone, and when their time is over', async () => {
      await kept.forget('b', 'resp_1')
      expect(await kept.regionOf('a', 'resp_1')).toBe(region)
      await kept.forget('a', 'resp_1')
      expect(await kept.regionOf('a', 'resp_1')).toBeNull()
      await kept.keep('b', { ids: ['resp_3'], region, now: 99, until: 300 })
      expect(await kept.regionOf('a', 'msg_1')).toBe(region)
      await kept.keep('b', { ids: ['resp_4'], region, now: 100, until: 300 })
      expect(await kept.regionOf('a', 'msg_1')).toBeNull()
    })

    it('have ids of any text', async () => {
      const id = "x' OR '1'='1"
      expect(await kept.regionOf('a', id)).toBeNull()
      await kept.keep('a', { ids: [id], region, now: 0, until: 100 })
      expect(await kept.countOf('a', [id], region)).toBe(1)
    })
  })
}
