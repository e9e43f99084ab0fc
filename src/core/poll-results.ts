// Answers that are fetched later: the port through which they are kept from the start of a call until somebody has read them.

export type PolledAnswer = { readonly status: number; readonly body: string }

/**
 * pending: the call runs · answered: here it is · lost: the process that ran the call died · gone: read before, kept for too long, or never
 * there. Of an answer that was looked at, `settle` says whether it reached its reader: then it goes, else it can be looked at again.
 */
export type PollLook =
  | { readonly state: 'pending' }
  | { readonly state: 'gone' }
  | { readonly state: 'answered'; readonly answer: PolledAnswer; readonly settle: (read: boolean) => Promise<void> }
  | { readonly state: 'lost'; readonly settle: (read: boolean) => Promise<void> }

export interface PollResults {
  /** Durable when it resolves. Rejects with TooManyResults, or when it cannot be written. */
  open(name: string): Promise<void>
  answer(name: string, answer: PolledAnswer): Promise<void>
  forget(name: string): Promise<void>
  /** At most one look at a time has the answer; for others it is pending meanwhile. */
  look(name: string): Promise<PollLook>
}

export class TooManyResults extends Error {
  constructor(most: number) {
    super(`${most} answers wait to be fetched; no more are kept`)
    this.name = 'TooManyResults'
  }
}
