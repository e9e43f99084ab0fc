// Reads usage out of server-sent events: the JSON of each event by the paths of its dialect, its own last event, and errors inside.

import type { UsageTap } from '../../../core/upstream.ts'
import { createSseSplitter, sseData } from '../../../http/sse-splitter.ts'
import type { DialectPlan } from './dialects.ts'
import { JsonScanner } from './json-scanner.ts'
import type { Sheet } from './sheet.ts'
import { GuardedTap, isSuccess, noteProblem, type Ending, type TapPlan } from './taps.ts'

/** A response repeats its request, tools and all, in some of its events: requests may be 25 MB long (InvokeModel's bound). */
const MAX_EVENT_BYTES = 33_554_432

export type SsePlan = Pick<TapPlan, 'sheet' | 'finish'> & DialectPlan

export const createSseTap = (plan: SsePlan): UsageTap => new SseTap(plan)

class SseTap extends GuardedTap {
  readonly #plan: SsePlan
  readonly #splitter = createSseSplitter(MAX_EVENT_BYTES)
  readonly #scanner: JsonScanner<Sheet>
  #text = 0

  constructor(plan: SsePlan) {
    super(plan.sheet)
    this.#plan = plan
    this.#scanner = new JsonScanner(plan.paths, plan.sheet, (problem) => noteProblem(plan.sheet, problem))
  }

  protected override take(bytes: Buffer): void {
    if (!isSuccess(this.status) && this.status !== 0) return
    for (const event of this.#splitter.push(bytes)) this.#hear(event)
  }

  protected override close(): Ending {
    const { sheet } = this
    const { broken, pendingBytes } = this.#splitter
    if (broken) sheet.note('suspect: an event of the stream has no end')
    const complete = !broken && pendingBytes === 0 && sheet.failed === null && sheet.finalSeen
    if (isSuccess(this.status)) this.#plan.finish(sheet, complete)
    return { streamException: sheet.failed, complete, outputCharacters: () => this.#text }
  }

  #hear(event: Buffer): void {
    const data = sseData(event)
    if (data.length === 0) return
    const { done, tellsNewText } = this.#plan
    if (done !== null && data.length === done.length && data.toString() === done) {
      this.sheet.finalSeen = true
      return
    }
    const scanner = this.#scanner
    const before = scanner.textBytes
    scanner.reset()
    scanner.feed(data)
    if (!scanner.closed) this.sheet.note('suspect: an event is not JSON')
    if (this.sheet.failed !== null || !tellsNewText(event)) return
    const bytes = scanner.textBytes - before
    this.#text += bytes
    this.count(bytes)
  }
}
