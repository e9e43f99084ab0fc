// Runs rows of processors over one call: rows one after the other, the members of a row beside each other, each within its own time.

import {
  CONTROL_FIELD,
  mergeRow,
  selectFields,
  timerOf,
  type CallFields,
  type ProcessorResult,
  type ProcessorSide,
} from '../core/processor.ts'
import { createPlaces, type Places } from './places.ts'
import { ProcessorFailure, type CallContext, type Processor, type ProcessorRows } from './processor.ts'

export type RowsOutcome = {
  readonly fields: CallFields
  readonly results: readonly ProcessorResult[]
  /** the first required processor that had no answer: nothing after its row ran; null: none */
  readonly failed: string | null
}

export type RunQuestion = {
  readonly side: ProcessorSide
  readonly rows: ProcessorRows
  readonly fields: CallFields
  readonly context: CallContext
}

export type Runner = {
  /** Never rejects. */
  run(question: RunQuestion): Promise<RowsOutcome>
}

export type RunnerDependencies = {
  readonly now: () => number
  /** Hears how each processor did. Must not throw. */
  readonly onResult: (name: string, outcome: 'completed' | 'failed' | 'timeout', milliseconds: number) => void
  /** Hears of what is no fault of the processor's. Must not throw. */
  readonly onFault: (name: string, thrown: unknown) => void
}

const MOST_WAITING = 1_000

export function createRunner(dependencies: RunnerDependencies): Runner {
  // by processor, so that one that hangs keeps nobody from another
  const places = new WeakMap<Processor, Places>()
  const placesOf = (processor: Processor): Places => {
    const known = places.get(processor)
    if (known !== undefined) return known
    const full = (): Error => new ProcessorFailure(`more than ${MOST_WAITING} calls wait for it`)
    const made = createPlaces({ most: processor.atOnce, mostWaiting: MOST_WAITING, full })
    places.set(processor, made)
    return made
  }
  return {
    async run({ side, rows, fields: begun, context }) {
      let fields = begun
      const results: ProcessorResult[] = []
      for (const row of rows) {
        const seen = fields
        const answers = await Promise.all(
          row.map((processor) => ask(dependencies, { processor, places: placesOf(processor), fields: seen, context })),
        )
        const merged = mergeRow(
          side,
          fields,
          answers.map(({ output }, index) => ({ rights: row[index] as Processor, output })),
        )
        fields = merged.fields
        results.push(...answers.map((answer, index) => resultOf(answer, merged.notes[index] ?? [])))
        const missing = answers.find(({ processor, problem }) => processor.required && problem !== null)
        if (missing !== undefined) return { fields, results, failed: missing.processor.name }
        if (side === 'request' && Object.hasOwn(fields, CONTROL_FIELD)) break
      }
      return { fields, results, failed: null }
    },
  }
}

type Answer = {
  readonly processor: Processor
  readonly startedAt: number
  readonly stoppedAt: number
  readonly output: CallFields | null
  /** null: it answered */
  readonly problem: string | null
}

async function ask(
  dependencies: RunnerDependencies,
  question: {
    readonly processor: Processor
    readonly places: Places
    readonly fields: CallFields
    readonly context: CallContext
  },
): Promise<Answer> {
  const { processor, places, fields, context } = question
  const startedAt = dependencies.now()
  const late = new ProcessorFailure(`had no answer after ${processor.timeoutMilliseconds} ms`)
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(late), processor.timeoutMilliseconds)
  const ended = (output: CallFields | null, problem: string | null): Answer => {
    clearTimeout(timer)
    const stoppedAt = dependencies.now()
    const outcome = problem === null ? 'completed' : abort.signal.aborted ? 'timeout' : 'failed'
    dependencies.onResult(processor.name, outcome, Math.max(0, stoppedAt - startedAt))
    return { processor, startedAt, stoppedAt, output, problem }
  }
  try {
    const giveBack = await places.take(abort.signal)
    const input = selectFields(fields, processor.inputFieldsInclude, processor.inputFieldsExclude)
    const answered = settled(() => processor.link.call({ fields: input, context }, abort.signal)).finally(giveBack)
    return ended(await Promise.race([answered, rejectionOf(abort.signal, answered)]), null)
  } catch (thrown) {
    if (thrown instanceof ProcessorFailure) return ended(null, thrown.message)
    dependencies.onFault(processor.name, thrown)
    return ended(null, 'failed inside the gateway')
  }
}

/** What throws at once rejects too. */
const settled = async (run: () => Promise<CallFields | null>): Promise<CallFields | null> => run()

/** A processor that ignores the signal is not waited for. What it does later is nobody's business. */
function rejectionOf(signal: AbortSignal, answered: Promise<unknown>): Promise<never> {
  answered.catch(() => undefined)
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function resultOf({ processor, startedAt, stoppedAt, problem }: Answer, dropped: readonly string[]): ProcessorResult {
  const notes = problem === null ? dropped : [problem]
  return {
    name: processor.name,
    details: {
      required: processor.required,
      completed: problem === null,
      timestamp: timerOf(startedAt, stoppedAt),
      ...(notes.length === 0 ? {} : { notes }),
    },
  }
}
