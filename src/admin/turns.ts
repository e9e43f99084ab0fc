// Writes of one kind happen one after the other, so that what a write has read is still so when it writes.

import { AdminError } from './errors.ts'

const MOST_WAITING = 200

export type Turns = <Result>(kind: string, work: () => Promise<Result>) => Promise<Result>

export function createTurns(): Turns {
  const last = new Map<string, { readonly done: Promise<unknown>; waiting: number }>()
  return async (kind, work) => {
    const queue = last.get(kind) ?? { done: Promise.resolve(), waiting: 0 }
    if (queue.waiting >= MOST_WAITING)
      throw new AdminError('unavailable', { message: 'Too many changes wait their turn.' })
    const mine = queue.done.then(work)
    const next = { done: mine.catch(() => undefined), waiting: queue.waiting + 1 }
    last.set(kind, next)
    try {
      return await mine
    } finally {
      const now = last.get(kind)
      if (now !== undefined) now.waiting -= 1
      if (now?.waiting === 0) last.delete(kind)
    }
  }
}
