// A body as processors and the call log have it: what is JSON as JSON, everything else as a text; what is too large as neither.

import { createJsonGuard } from '../http/json-guard.ts'
import { PROCESSOR_BYTES, ProcessorFailure } from './processor.ts'

const guard = createJsonGuard({ watch: [], maxDepth: 100 })

/** Stands for a body that no processor is given. Whoever reads it has failed, so that a filter never passes what it has not seen. */
export class TooLarge {
  readonly bytes: number

  constructor(bytes: number) {
    this.bytes = bytes
  }

  toJSON(): never {
    throw new ProcessorFailure(
      `the call has ${this.bytes} bytes, more than the ${PROCESSOR_BYTES.input} that it is given`,
    )
  }
}

/** For processors. */
export const payloadOf = (body: Buffer): unknown =>
  body.length > PROCESSOR_BYTES.input ? new TooLarge(body.length) : valueOf(body)

/** Of a field, for the gateway's own processors. Throws ProcessorFailure for what is too large. */
export function readPayload(value: unknown): unknown {
  return value instanceof TooLarge ? value.toJSON() : value
}

function valueOf(body: Buffer): unknown {
  if (isJson(body)) return JSON.parse(body.toString())
  return body.toString()
}

/** JSON that is as deep as anybody can read it. */
export const isJson = (body: Buffer): boolean => body.length > 0 && guard.scan(body).ok

/** For the log: so many bytes of it, as a text where it is cut; `cut` says that it was. */
export function loggedPayload(body: Buffer, most: number): { readonly value: unknown; readonly cut: boolean } {
  if (body.length <= most) return { value: valueOf(body), cut: false }
  return { value: body.toString('utf8', 0, most), cut: true }
}

/** What a processor wrote as a payload, as bytes: a text as it is, everything else as JSON. */
export const bodyOf = (payload: unknown): Buffer =>
  Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload ?? null))
