// One row of the table of settings, and the three ways to write one.

import type { Check } from './config-checks.ts'

export type Setting<Value> = {
  /** name in the environment; in the file it is the same in lower case, without `weighbridge_` */
  readonly name: string
  readonly defaultText: string | null
  readonly secret: boolean
  readonly help: string
  readonly check: Check<Value>
}

/** A setting that always has a value. */
export const setting = <Value>(
  name: string,
  defaultText: string,
  check: Check<Value>,
  help: string,
): Setting<Value> => ({
  name,
  defaultText,
  secret: false,
  help,
  check,
})

/** A setting that may be unset: its value is then null. */
export const optional = <Value>(name: string, check: Check<Value>, help: string): Setting<Value | null> => ({
  name,
  defaultText: null,
  secret: false,
  help,
  check,
})

/** As optional, and its value appears in no message. */
export const secretOptional = <Value>(name: string, check: Check<Value>, help: string): Setting<Value | null> => ({
  ...optional(name, check, help),
  secret: true,
})
