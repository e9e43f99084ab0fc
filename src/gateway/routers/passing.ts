// The way back of a call through a path router: its headers, its times, and who hears of it.

import type { Router, RouterProcess } from '../../core/router.ts'
import type { Passage } from '../passage.ts'
import { headersToAnswer, isStreamed, isStreamType } from './outgoing.ts'

export type CallTimes = { readonly now: () => number }

export function createPassage(asked: {
  readonly router: Router
  readonly process: RouterProcess | null
  /** the gateway's own headers, flat */
  readonly own: readonly string[]
  readonly times: CallTimes
}): Passage {
  const { router, process, own, times } = asked
  let upstream: { readonly status: number; readonly headers: readonly string[] } | null = null
  let answered: readonly string[] = []
  let answeredAt: number | null = null
  let completedAt: number | null = null
  return {
    retries: router.retries,
    head(status, headers) {
      upstream = { status, headers }
      answeredAt = times.now()
      // what is to be changed is waited for, unless it is a stream by its own word
      const streams = process?.wantsAnswer === true ? isStreamType(headers) : isStreamed(headers)
      answered = headersToAnswer(headers, router, { own, streams })
      return { headers: answered, streams }
    },
    chunk: (bytes) => process?.chunk(bytes),
    over() {
      completedAt = times.now()
    },
    onWhole: process?.wantsAnswer === true ? (answer) => process.answer(answer) : null,
    ended({ status, error, entry }) {
      const headers = error === null ? answered : own
      process?.ended({ status, error, entry, upstream, headers, answeredAt, completedAt, endedAt: times.now() })
    },
  }
}
