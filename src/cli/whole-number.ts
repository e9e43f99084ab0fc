// A whole number as an option gives it, or a failure that names the option.

import { usage } from './failure.ts'

export function wholeNumber(written: string, option: string): number {
  if (!/^\d{1,12}$/.test(written)) throw usage(`--${option} must be a whole number.`)
  return Number(written)
}
