// A circuit breaker for one upstream host: after a run of failed connections it refuses at once, then lets one probe through.

/**
 * closed: calls pass · open: calls are refused until a moment has passed · half_open: one call passes as a probe, the others are
 * refused; its connection closes the circuit, its failure opens it again.
 */
export class Circuit {
  readonly #now: () => number
  #failures = 0
  #openUntil = 0
  #probing = false

  constructor(now: () => number) {
    this.#now = now
  }

  /** True: the call may be tried; tell its outcome with `connected` or `failed`. */
  enter(): boolean {
    if (this.#failures < FAILURES_TO_OPEN) return true
    if (this.#probing || this.#now() < this.#openUntil) return false
    this.#probing = true
    return true
  }

  /** The host was reached, whatever it answered. */
  connected(): void {
    this.#failures = 0
    this.#probing = false
  }

  /** No connection could be made. */
  failed(): void {
    this.#failures += 1
    this.#probing = false
    if (this.#failures >= FAILURES_TO_OPEN) this.#openUntil = this.#now() + OPEN_MILLISECONDS
  }

  /** The call ended without saying anything of the host: its client left while it waited. */
  undecided(): void {
    this.#probing = false
  }
}

const FAILURES_TO_OPEN = 5
const OPEN_MILLISECONDS = 2_000
