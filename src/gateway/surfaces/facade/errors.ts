// Answers and refusals as clients of the samples know them: a list of one where their function answered, a message where API Gateway did.

import { ERRORS, type ErrorCode, type GatewayError } from '../../../core/errors.ts'
import { refusalWords } from '../converse/call.ts'
import type { RenderedAnswer } from '../surface.ts'
import { MISSING_PARAMETERS } from './request.ts'

const HEADERS = ['content-type', 'application/json', 'cache-control', 'no-store']

export const listOfOne = (status: number, item: object): RenderedAnswer => ({
  status,
  headers: HEADERS,
  body: Buffer.from(JSON.stringify([item])),
})

/** What API Gateway said in front of the function, word for word; our own sentence stands beside it. */
const PLATFORM_WORDS: Partial<Record<ErrorCode, { readonly status: number; readonly message: string }>> = {
  missing_credential: { status: 403, message: 'Forbidden' },
  invalid_credential: { status: 403, message: 'Forbidden' },
  invalid_signature: { status: 403, message: 'Forbidden' },
  rate_limited: { status: 429, message: 'Too Many Requests' },
  budget_exceeded: { status: 429, message: 'Limit Exceeded' },
}

/** A limit that ends later than this is a quota. */
const LONGEST_RATE_SECONDS = 60

export function renderFacadeError(error: GatewayError): RenderedAnswer {
  const retry = error.retryAfterSeconds === null ? [] : ['retry-after', String(error.retryAfterSeconds)]
  const rendered = renderedOf(error)
  return { ...rendered, headers: [...rendered.headers, ...retry] }
}

function renderedOf(error: GatewayError): RenderedAnswer {
  const words = PLATFORM_WORDS[error.code]
  if (words !== undefined)
    return platformAnswer(words.status, { message: messageOf(error, words.message), reason: error.message })
  const { status } = ERRORS[error.code]
  if (error.message.startsWith(MISSING_PARAMETERS)) return platformAnswer(status, { message: error.message })
  return listOfOne(status, { generated_text: error.message })
}

const messageOf = (error: GatewayError, message: string): string =>
  error.code === 'rate_limited' && (error.retryAfterSeconds ?? 0) > LONGEST_RATE_SECONDS ? 'Limit Exceeded' : message

const platformAnswer = (status: number, content: object): RenderedAnswer => ({
  status,
  headers: HEADERS,
  body: Buffer.from(JSON.stringify(content)),
})

/** Bedrock's list, with what the SDK of the samples put beside it. */
export function renderFacadeList(status: number, body: Buffer): RenderedAnswer {
  const content = JSON.parse(body.toString('utf8')) as Record<string, unknown>
  if (status >= 400) return listOfOne(status, { generated_text: refusalWords(body) })
  return listOfOne(status, { ...content, ResponseMetadata: { HTTPStatusCode: status, RetryAttempts: 0 } })
}
