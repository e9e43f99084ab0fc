// Work that repeats: never twice at once, also after failures, and stopped in order.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { repeat } from './repeat.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function clockwork(takesMilliseconds = 0, fails = false) {
  const began: number[] = []
  const failures: unknown[] = []
  let running = 0
  let most = 0
  const start = Date.now()
  const repeating = repeat({
    everyMilliseconds: 1_000,
    async work() {
      began.push(Date.now() - start)
      most = Math.max(most, (running += 1))
      if (takesMilliseconds > 0) await new Promise((resolve) => setTimeout(resolve, takesMilliseconds))
      running -= 1
      if (fails) throw new Error('no')
    },
    onFailure: (thrown) => void failures.push(thrown),
    now: Date.now,
  })
  return { began, failures, repeating, most: () => most, running: () => running }
}

it('works again and again, and after failures too', async () => {
  const { began, failures } = clockwork(0, true)
  await vi.advanceTimersByTimeAsync(3_500)
  expect(began).toEqual([1_000, 2_000, 3_000])
  expect(failures).toHaveLength(3)
})

it('never works twice at once, and rests for twenty times as long as it took', async () => {
  const { began, most } = clockwork(500)
  await vi.advanceTimersByTimeAsync(25_000)
  expect(began).toEqual([1_000, 11_500, 22_000])
  expect(most()).toBe(1)
})

it('works soon when asked to, also while it works', async () => {
  const { began, repeating } = clockwork(10)
  repeating.soon()
  await vi.advanceTimersByTimeAsync(5)
  repeating.soon()
  await vi.advanceTimersByTimeAsync(10)
  expect(began).toHaveLength(2)
})

it('stops when what runs has ended, and stays stopped', async () => {
  const { began, repeating, running } = clockwork(100)
  await vi.advanceTimersByTimeAsync(1_050)
  let stopped = false
  const stopping = repeating.stop().then(() => {
    stopped = true
  })
  await vi.advanceTimersByTimeAsync(1)
  expect([stopped, running()]).toEqual([false, 1])
  await vi.advanceTimersByTimeAsync(100)
  await stopping
  repeating.soon()
  await vi.advanceTimersByTimeAsync(100_000)
  expect(began).toHaveLength(1)
})
