// Reads a JSON body within limits: real UTF-8, bounded nesting, no text that could break a log line, a file or a prototype.

import { AdminError, invalid } from './errors.ts'

const DEEPEST_JSON = 32

/** Undefined for an empty body. Throws AdminError. */
export function readJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    if (depthOf(text) > DEEPEST_JSON)
      throw new AdminError('invalid_json', { message: 'The JSON is nested too deeply.' })
    const value: unknown = JSON.parse(text)
    refuseHostileText(value)
    return value
  } catch (thrown) {
    if (thrown instanceof AdminError) throw thrown
    throw new AdminError('invalid_json', { message: `The body is not valid JSON.`, cause: thrown })
  }
}

/** Throws AdminError for control characters, half surrogate pairs and names that objects inherit, anywhere in the value. */
export function refuseHostileText(value: unknown, field = ''): void {
  if (typeof value === 'string') refuseText(value, field)
  // Bytes are not text, and looking at each as a member takes a second for a megabyte.
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return
  for (const [name, member] of Object.entries(value)) {
    const inner = Array.isArray(value)
      ? `${field}[${name}]`
      : field === ''
        ? shortened(name)
        : `${field}.${shortened(name)}`
    if (name === '__proto__' || name === 'constructor' || name === 'prototype')
      throw invalid(inner, `${inner} is not a field.`)
    refuseText(name, inner)
    refuseHostileText(member, inner)
  }
}

/** C0, DEL and C1. */
const CONTROL_CHARACTERS = /[^ -~\u00a0-\uffff]/

function refuseText(text: string, field: string): void {
  const name = field.replaceAll(/[^ -~]/g, '?')
  if (CONTROL_CHARACTERS.test(text)) throw invalid(name, `${name} must not hold control characters.`)
  if (!text.isWellFormed()) throw invalid(name, `${name} must be well-formed Unicode.`)
}

const shortened = (name: string): string => name.slice(0, 80)

/** Of brackets outside strings; one pass, no recursion. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (inString) {
      if (character === '\\') at += 1
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') {
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (character === '}' || character === ']') depth -= 1
  }
  return deepest
}
