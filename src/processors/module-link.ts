// A processor that is an ES module, in worker threads: one call at a time in each, so that ending one that hangs ends no other call.

import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { fieldsFrom, inputJson } from './answer-json.ts'
import { ProcessorFailure, type ProcessorLink } from './processor.ts'

export type ModuleLinkOptions = {
  /** of the module: file:///… */
  readonly url: string
  readonly name: string
  /** given to the module with each call */
  readonly options: unknown
  readonly workers: number
  readonly memoryMegabytes: number
  readonly now: () => number
  /** Hears that a worker ended by itself, and why in a word. Must not throw. */
  readonly onCrash: (name: string, kind: string) => void
}

/** What a worker says: it has loaded the module; or of one call its output as JSON (empty: nothing), or the class of what was thrown. */
type ModuleAnswer =
  | { readonly ready: true }
  | { readonly id: number; readonly output: string }
  | { readonly id: number; readonly failure: string }

/** A module that dies while it loads would else be started as fast as calls come. */
const FIRST_PAUSE_MILLISECONDS = 200
const LONGEST_PAUSE_MILLISECONDS = 10_000

type Waiting = {
  readonly resolve: (output: string) => void
  readonly reject: (failure: ProcessorFailure) => void
}

/** starting → idle ⇄ busy; from each of them → gone, when it crashes or is ended. */
type Hand = {
  readonly worker: Worker
  state: 'starting' | 'idle' | 'busy' | 'gone'
  waiting: Waiting | null
}

/** The caller keeps the number of calls at a time within `workers`. */
export function createModuleLink(options: ModuleLinkOptions): ProcessorLink {
  const crew = new Crew(options)
  return {
    async call({ fields }, signal) {
      const output = await crew.ask(inputJson(fields), signal)
      return fieldsFrom(Buffer.from(output))
    },
    close: () => crew.close(),
  }
}

class Crew {
  readonly #options: ModuleLinkOptions
  readonly #program = programUrl()
  readonly #hands = new Set<Hand>()
  /** calls that have no hand yet */
  readonly #line = new Set<() => void>()
  #crashesWhileStarting = 0
  #startAt = 0
  #startTimer: NodeJS.Timeout | null = null
  #closed = false
  #id = 0

  constructor(options: ModuleLinkOptions) {
    this.#options = options
    this.#fill()
  }

  async ask(input: string, signal: AbortSignal): Promise<string> {
    const hand = await this.#free(signal)
    hand.state = 'busy'
    this.#id += 1
    const question = { id: this.#id, input }
    return new Promise((resolve, reject) => {
      const late = (): void => {
        // it may be in an endless loop: nothing but its end helps
        this.#remove(hand)
        void hand.worker.terminate()
        reject(reasonOf(signal))
        this.#fill()
      }
      const done = (): void => {
        signal.removeEventListener('abort', late)
        hand.waiting = null
      }
      hand.waiting = {
        resolve: (output) => {
          done()
          resolve(output)
        },
        reject: (failure) => {
          done()
          reject(failure)
        },
      }
      signal.addEventListener('abort', late, { once: true })
      hand.worker.postMessage(question)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#startTimer !== null) clearTimeout(this.#startTimer)
    const hands = [...this.#hands]
    for (const hand of hands) this.#remove(hand)
    await Promise.all(hands.map(({ worker }) => worker.terminate()))
  }

  #free(signal: AbortSignal): Promise<Hand> {
    const idle = this.#idle()
    if (idle !== undefined) return Promise.resolve(idle)
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#line.delete(look)
        reject(reasonOf(signal))
      }
      const look = (): void => {
        const hand = this.#idle()
        if (hand === undefined) return
        // taken before anybody else can look
        hand.state = 'busy'
        this.#line.delete(look)
        signal.removeEventListener('abort', leave)
        resolve(hand)
      }
      this.#line.add(look)
      signal.addEventListener('abort', leave, { once: true })
      this.#fill()
    })
  }

  #idle(): Hand | undefined {
    for (const hand of this.#hands) if (hand.state === 'idle') return hand
    return undefined
  }

  #fill(): void {
    if (this.#closed || this.#startTimer !== null) return
    const pause = this.#startAt - this.#options.now()
    if (pause > 0) {
      this.#startTimer = setTimeout(() => {
        this.#startTimer = null
        this.#startAt = 0
        this.#fill()
      }, pause)
      this.#startTimer.unref()
      return
    }
    while (this.#hands.size < this.#options.workers) this.#start()
  }

  #start(): void {
    const { url, name, options, memoryMegabytes } = this.#options
    const worker = new Worker(this.#program, {
      workerData: { url, name, options },
      // nothing of the gateway's environment, where its credentials are
      env: {},
      argv: [],
      stdin: false,
      // what it prints may be a prompt, and is nowhere shown
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: memoryMegabytes },
    })
    worker.stdout.resume()
    worker.stderr.resume()
    worker.unref()
    const hand: Hand = { worker, state: 'starting', waiting: null }
    this.#hands.add(hand)
    worker.on('message', (answer: ModuleAnswer) => this.#onAnswer(hand, answer))
    worker.on('messageerror', () => this.#onEnd(hand, 'an answer that cannot be read'))
    worker.on('error', (thrown: unknown) => this.#onEnd(hand, kindOf(thrown)))
    worker.on('exit', (code) => this.#onEnd(hand, `exit code ${code}`))
  }

  #onAnswer(hand: Hand, answer: ModuleAnswer): void {
    if (hand.state === 'gone') return
    if ('ready' in answer) this.#crashesWhileStarting = 0
    else if ('output' in answer) hand.waiting?.resolve(answer.output)
    else hand.waiting?.reject(new ProcessorFailure(`failed with ${plain(answer.failure)}`))
    hand.state = 'idle'
    const [next] = this.#line
    next?.()
  }

  #onEnd(hand: Hand, kind: string): void {
    if (hand.state === 'gone') return
    if (hand.state === 'starting') {
      this.#crashesWhileStarting += 1
      const pause = FIRST_PAUSE_MILLISECONDS * 2 ** Math.min(10, this.#crashesWhileStarting - 1)
      this.#startAt = this.#options.now() + Math.min(LONGEST_PAUSE_MILLISECONDS, pause)
    }
    hand.waiting?.reject(new ProcessorFailure(`crashed (${plain(kind)})`))
    this.#remove(hand)
    void hand.worker.terminate()
    this.#options.onCrash(this.#options.name, plain(kind))
    this.#fill()
  }

  #remove(hand: Hand): void {
    hand.state = 'gone'
    this.#hands.delete(hand)
  }
}

/** The program of a worker, as text: see there. */
function programUrl(): URL {
  const text = readFileSync(new URL('./module-worker.ts', import.meta.url), 'utf8')
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`)
}

/** The code or the class of an error: its words may quote the call. */
function kindOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name
}

const plain = (words: string): string => words.replaceAll(/[^\w .]/g, '?').slice(0, 60)

const reasonOf = ({ reason }: AbortSignal): Error => (reason instanceof Error ? reason : new Error(String(reason)))
