// The fields that several resources share, each with its limits and the words that say what is wrong.

import { z } from 'zod'
import { parseInstant } from '../core/price-book.ts'
import { TENANT_ID_PATTERN } from '../core/tenant.ts'

const ID_WORDS = 'must be 1 to 64 letters, digits, ".", "_" or "-", and begin with a letter or a digit'

export const tenantId = z.string().regex(TENANT_ID_PATTERN, ID_WORDS)
export const planId = z.string().regex(TENANT_ID_PATTERN, ID_WORDS)
export const keyId = z.string().regex(/^[a-z0-9]{12}$/, 'must be the 12 letters and digits of a key id')
/** Who a ledger entry names: an API key, or the holder of an ID token. */
export const credentialId = z
  .string()
  .regex(
    /^(?:[a-z0-9]{12}|jwt:[a-z0-9-]{1,32}:[0-9a-f]{16})$/,
    'must be a key id, or the id of a token as entries show it',
  )
export const requestId = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/, 'must be a request id')
export const modelId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,2047}$/,
    'must be a model id, such as anthropic.claude-sonnet-4-5-20250929-v1:0',
  )

export const region = z
  .string()
  .regex(/^[a-z]{2,6}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/, 'must be an AWS region such as us-east-1')

export const displayName = z.string().trim().min(1, 'must not be empty').max(200)

export const instant = z
  .string()
  .max(32)
  .meta({ description: 'ISO 8601 UTC date or time' })
  .refine(
    (text) => parseInstant(text) !== null,
    'must be an ISO 8601 UTC date or time: 2026-11-20, 2026-11-20T12:00:00Z',
  )

/** Milliseconds of a text that `instant` let through. */
export const millisecondsOf = (text: string): number => Date.parse(text)

/** How times are answered. */
export const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** USD as an exact decimal, in answers. */
export const usd = z.string().meta({ description: 'USD, an exact decimal', examples: ['0.0368151'] })

/** A whole number written in a query. */
export const queryNumber = (most: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= 1 && value <= most, `must be between 1 and ${most}`)
    .default(fallback)
    .meta({ description: `a number from 1 to ${most}, ${fallback} when left out` })

export const queryFlag = z.enum(['true', 'false']).transform((written) => written === 'true')

export const modelGlob = z
  .string()
  .regex(/^[A-Za-z0-9_.:/*?-]{1,256}$/, 'must be a model id, or a pattern of one with "*" and "?"')

export const modelGlobs = z.array(modelGlob).max(200, 'must be at most 200')

export const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'give it as cursor for what follows; null: that was all' })
