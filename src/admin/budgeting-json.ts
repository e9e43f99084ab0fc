// How a plan's budgets hold, between JSON and the domain: prices are decimal strings in USD for a million tokens.

import { z } from 'zod'
import { INPUT_BOUNDS, USUAL_BUDGETING, type Budgeting, type FallbackPrice } from '../core/budgeting.ts'
import { formatUnitPrice, parseUnitPrice } from '../core/price-book.ts'

const LONGEST_ANSWER_TOKENS = 1_000_000
const PRICE_WORDS = 'must be a decimal string in USD for 1M tokens, such as "3" or "0.15"'

const price = z
  .string()
  .regex(/^\d{1,6}(?:\.\d{1,6})?$/, PRICE_WORDS)
  .meta({ description: 'USD for 1M tokens, a decimal', examples: ['3'] })

const fallbackPrice = z.strictObject({ input: price, output: price }).nullable()

const minOutputTokens = z
  .number()
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .max(LONGEST_ANSWER_TOKENS, `must be at most ${LONGEST_ANSWER_TOKENS}`)

export const budgeting = z.strictObject({
  input_bound: z
    .enum(INPUT_BOUNDS)
    .default(USUAL_BUDGETING.inputBound)
    .meta({ description: 'estimate: calls hold what such calls have used, with a margin; a budget may be overshot' }),
  cap_output: z
    .boolean()
    .default(USUAL_BUDGETING.capOutput)
    .meta({ description: 'a call that does not fit gets a lower output cap instead of a refusal' }),
  min_output_tokens: minOutputTokens.default(USUAL_BUDGETING.minOutputTokens),
  cut_stream: z
    .boolean()
    .default(USUAL_BUDGETING.cutStream)
    .meta({ description: 'a streamed answer that outgrows what was held for it is ended' }),
  limit_headers: z.boolean().default(USUAL_BUDGETING.limitHeaders).meta({
    description: 'answers say what is left of the limits of their call, in x-weighbridge-remaining-… headers',
  }),
  fallback_price: fallbackPrice
    .default(null)
    .meta({ description: 'what budgets assume of a model without a price; its entries stay unpriced' }),
})

export const budgetingReply = z.object({
  input_bound: z.enum(INPUT_BOUNDS),
  cap_output: z.boolean(),
  min_output_tokens: z.number(),
  cut_stream: z.boolean(),
  limit_headers: z.boolean(),
  fallback_price: z.object({ input: z.string(), output: z.string() }).nullable(),
})

export const budgetingFromJson = (written: z.output<typeof budgeting>): Budgeting => ({
  inputBound: written.input_bound,
  capOutput: written.cap_output,
  minOutputTokens: written.min_output_tokens,
  cutStream: written.cut_stream,
  limitHeaders: written.limit_headers,
  fallbackPrice: written.fallback_price === null ? null : fallbackFromJson(written.fallback_price),
})

const fallbackFromJson = ({ input, output }: { readonly input: string; readonly output: string }): FallbackPrice => ({
  inputToken: parseUnitPrice(input, 'input_tokens'),
  outputToken: parseUnitPrice(output, 'output_tokens'),
})

export const budgetingToJson = (kept: Budgeting): z.input<typeof budgetingReply> => ({
  input_bound: kept.inputBound,
  cap_output: kept.capOutput,
  min_output_tokens: kept.minOutputTokens,
  cut_stream: kept.cutStream,
  limit_headers: kept.limitHeaders,
  fallback_price:
    kept.fallbackPrice === null
      ? null
      : {
          input: formatUnitPrice(kept.fallbackPrice.inputToken, 'input_tokens'),
          output: formatUnitPrice(kept.fallbackPrice.outputToken, 'output_tokens'),
        },
})
