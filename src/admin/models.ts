// The models that are known, or have a price: how they are reached, what they cost today, where they are in their life.

import { z } from 'zod'
import { ROUTINGS, TIERS, type Routing, type Tier } from '../core/model.ts'
import { findPrice, formatUnitPrice, variantsOf, type PriceBook, type PriceQuestion } from '../core/price-book.ts'
import { DIMENSION_NAMES } from '../core/usage.ts'
import type { AdminDependencies, KnownModel } from './dependencies.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

const modelReply = z.object({
  base_model: z.string(),
  name: z.string().nullable(),
  maker: z.string().nullable(),
  lifecycle: z.enum(['active', 'legacy', 'retired']).nullable(),
  end_of_life_on: z.string().nullable(),
  context_tokens: z.number().nullable(),
  max_output_tokens: z.number().nullable(),
  routings: z.array(z.enum(ROUTINGS)).nullable().meta({ description: 'null: not known' }),
  profiles: z.array(z.string()),
  prices: z.record(z.string(), z.record(z.string(), z.string())).meta({
    description: 'list price now by routing, then dimension: USD per 1M tokens, or per one image, second, search',
  }),
})

export const listModels = operation({
  words: 'All models that are known or have a price, with their list prices of now in one region.',
  query: z.strictObject({
    region: fields.region.default('us-east-1'),
    tier: z.enum(TIERS).default('standard'),
    model_id: fields.modelId.optional(),
  }),
  reply: z.object({ region: z.string(), tier: z.enum(TIERS), models: z.array(modelReply) }),
  async run({ deps, query }) {
    const { region, tier, model_id } = query
    const book = deps.priceBook()
    const known = modelsOf(deps, book).filter(({ baseModel }) => model_id === undefined || model_id === baseModel)
    const at = deps.now()
    return { region, tier, models: known.map((model) => modelToJson(model, book, { region, tier, at })) }
  },
})

function modelsOf(deps: AdminDependencies, book: PriceBook): readonly KnownModel[] {
  const known = new Map(deps.models().map((model) => [model.baseModel, model]))
  for (const baseModel of book.list.keys()) {
    if (!known.has(baseModel)) known.set(baseModel, onlyPriced(baseModel))
  }
  return [...known.values()]
    .map((model) => withLifecycle(deps, model))
    .toSorted((left, right) => (left.baseModel < right.baseModel ? -1 : 1))
}

function withLifecycle({ lifecycleOf }: AdminDependencies, model: KnownModel): KnownModel {
  const found = lifecycleOf(model.baseModel)
  return found === null ? model : { ...model, lifecycle: found.status, endOfLifeOn: found.endOfLifeOn }
}

const onlyPriced = (baseModel: string): KnownModel => ({
  baseModel,
  name: null,
  maker: null,
  lifecycle: null,
  endOfLifeOn: null,
  contextTokens: null,
  maxOutputTokens: null,
  profiles: [],
})

type Where = { readonly region: string; readonly tier: Tier; readonly at: number }

function modelToJson(model: KnownModel, book: PriceBook, where: Where): z.input<typeof modelReply> {
  const routings = model.routings ?? ROUTINGS
  const prices = routings.map((routing) => [routing, pricesOf(model.baseModel, routing, book, where)] as const)
  return {
    base_model: model.baseModel,
    name: model.name,
    maker: model.maker,
    lifecycle: model.lifecycle,
    end_of_life_on: model.endOfLifeOn,
    context_tokens: model.contextTokens,
    max_output_tokens: model.maxOutputTokens,
    routings: model.routings === undefined ? null : [...model.routings],
    profiles: [...model.profiles],
    prices: Object.fromEntries(prices.filter(([, found]) => Object.keys(found).length > 0)),
  }
}

/** "input_tokens" → "3"; a price of one variant as "images 1024x1024/premium". */
function pricesOf(baseModel: string, routing: Routing, book: PriceBook, where: Where): Record<string, string> {
  const asked: PriceQuestion = { baseModel, routing, ...where, contextTokens: 0, variant: '', tenantId: '' }
  const found: Record<string, string> = {}
  for (const dimension of DIMENSION_NAMES.filter((name) => !name.startsWith('guardrail_'))) {
    for (const variant of variantsOf(book, asked, dimension)) {
      const price = findPrice(book, { ...asked, variant }, dimension)
      if (price === null) continue
      found[variant === '' ? dimension : `${dimension} ${variant}`] = formatUnitPrice(price.unitPrice, dimension)
    }
  }
  return found
}
