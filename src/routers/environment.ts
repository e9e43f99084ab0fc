// Puts variables of the environment in the place of `${NAME}` in every text of a parsed file; `$${` stands for itself.

import type { Problem } from './section.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * After parsing, so that no value can change what the file means around it. A variable that is missing or empty is a problem: an empty
 * text in its place would open what it was meant to close.
 */
export function substituted(value: unknown, environment: Environment, problems: Problem[], path = ''): unknown {
  if (typeof value === 'string') return textWith(value, environment, (words) => problems.push({ path, words }))
  if (Array.isArray(value))
    return value.map((item, index) => substituted(item, environment, problems, `${path}[${index}]`))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      textWith(name, environment, (words) => problems.push({ path, words })),
      substituted(item, environment, problems, path === '' ? name : `${path}.${name}`),
    ]),
  )
}

const REFERENCE = /\$\$\{|\$\{([^}]{0,200})\}/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

function textWith(text: string, environment: Environment, problem: (words: string) => void): string {
  if (!text.includes('${')) return text
  return text.replaceAll(REFERENCE, (whole, name: string | undefined) => {
    if (name === undefined) return '${'
    if (!NAME.test(name)) {
      problem(`refers to "${whole.slice(0, 60)}", which is no name of a variable; "$\${" stands for itself`)
      return ''
    }
    const value = environment[name]
    if (value === undefined || value === '') problem(`needs the environment variable ${name}, which is not set`)
    return value ?? ''
  })
}
