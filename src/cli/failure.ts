// Why a command did not do what was asked, in words that say what to do next, with the exit code that says whose turn it is.

/** 1: it was refused or failed · 2: the command line or the settings are not valid */
export type FailureCode = 1 | 2

export class CommandFailure extends Error {
  readonly exitCode: FailureCode

  constructor(exitCode: FailureCode, message: string) {
    super(message)
    this.name = 'CommandFailure'
    this.exitCode = exitCode
  }
}

export const usage = (message: string): CommandFailure => new CommandFailure(2, message)
