// Reads models.json of the two samples: USD per 1,000 tokens and per image, as prices of this gateway.

import { parseModelId } from '../core/model.ts'
import { CommandFailure } from './failure.ts'

/** As the control plane takes it. */
export type WrittenPrice = {
  readonly base_model: string
  readonly dimension: string
  readonly usd: string
  readonly region: string
  readonly routing: string
  readonly variant: string
}

type Node = Readonly<Record<string, unknown>>
type Row = {
  readonly category: Category
  readonly model: string
  readonly region: string
  readonly entry: Node
  readonly path: string
}

const CATEGORIES = ['text', 'embeddings', 'image'] as const
type Category = (typeof CATEGORIES)[number]
const REGION = /^[a-z]{2,6}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/
const MOST_ROWS = 20_000

/** Both layouts: region → category → model, and category → model → region. Throws CommandFailure that names the place. */
export function readPrices(content: Node): readonly WrittenPrice[] {
  const names = Object.keys(content)
  if (names.length === 0) throw new CommandFailure(1, 'The file holds nothing.')
  const rows = names.every((name) => REGION.test(name)) ? byRegion(content) : byCategory(content)
  if (rows.length > MOST_ROWS) throw new CommandFailure(1, `The file holds more than ${MOST_ROWS} prices.`)
  const prices = rows.flatMap(pricesOf)
  if (prices.length === 0) throw new CommandFailure(1, 'The file holds no price.')
  return prices
}

function byRegion(content: Node): Row[] {
  return membersOf(content, '').flatMap(({ name: region, value: categories, path }) =>
    membersOf(categories, path).flatMap(({ name: category, value: models, path: within }) =>
      membersOf(models, within).map(({ name: model, value: entry, path: place }) => {
        return { category: categoryOf(category, within), model, region, entry, path: place }
      }),
    ),
  )
}

function byCategory(content: Node): Row[] {
  return membersOf(content, '').flatMap(({ name, value: models, path }) => {
    const category = categoryOf(name, path)
    return membersOf(models, path).flatMap(({ name: model, value: regions, path: within }) =>
      membersOf(regions, within).map(({ name: region, value: entry, path: place }) => {
        if (!REGION.test(region)) throw new CommandFailure(1, `${place}: "${region.slice(0, 40)}" is not a region.`)
        return { category, model, region, entry, path: place }
      }),
    )
  })
}

function categoryOf(name: string, path: string): Category {
  const found = CATEGORIES.find((category) => category === name)
  if (found !== undefined) return found
  throw new CommandFailure(1, `${path} is neither a region nor one of ${CATEGORIES.join(', ')}.`)
}

type Member = { readonly name: string; readonly value: Node; readonly path: string }

function membersOf(node: Node, path: string): Member[] {
  return Object.entries(node).map(([name, value]) => {
    const place = path === '' ? name.slice(0, 80) : `${path}.${name.slice(0, 80)}`
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new CommandFailure(1, `${place} must be an object.`)
    return { name, value: value as Node, path: place }
  })
}

/** Names of the files that no call has: the image model under its real id, the images of an embedding beside its tokens. */
const RENAMED: Readonly<Record<string, string>> = {
  'stability.stable-diffusion-xl': 'stability.stable-diffusion-xl-v1',
}
const IMAGE_SUFFIX = '-image'

/** Sizes as calls are rated by them; the files know the smallest and all others. */
const SIZES: Readonly<Record<string, string>> = { '512x512': '512x512', larger: '1024x1024' }
const QUALITIES = ['standard', 'premium'] as const

function pricesOf(row: Row): WrittenPrice[] {
  switch (row.category) {
    case 'text':
      return [tokenPrice(row, 'input_tokens', 'input_cost'), tokenPrice(row, 'output_tokens', 'output_cost')]
    case 'embeddings':
      return isImageEmbedding(row)
        ? [
            {
              ...priced(row, row.model.slice(0, -IMAGE_SUFFIX.length)),
              dimension: 'input_images',
              usd: usdOf(row, 'input_cost', 0),
            },
          ]
        : [tokenPrice(row, 'input_tokens', 'input_cost')]
    case 'image':
      return membersOf(row.entry, row.path).flatMap((size) => imagePrices(row, size))
  }
}

const isImageEmbedding = ({ model }: Row): boolean =>
  model.endsWith(IMAGE_SUFFIX) && parseModelId(model.slice(0, -IMAGE_SUFFIX.length))?.baseModel !== undefined

/** Per 1,000 there, per 1M here. */
const tokenPrice = (row: Row, dimension: string, member: string): WrittenPrice => ({
  ...priced(row, row.model),
  dimension,
  usd: usdOf(row, member, 3),
})

function imagePrices(row: Row, { name, value, path }: Member): WrittenPrice[] {
  const size = Object.hasOwn(SIZES, name) ? SIZES[name] : undefined
  if (size === undefined) throw new CommandFailure(1, `${path}: the sizes are ${Object.keys(SIZES).join(' and ')}.`)
  return QUALITIES.map((quality) => ({
    ...priced(row, row.model),
    dimension: 'images',
    variant: `${size}/${quality}`,
    usd: usdOf({ entry: value, path }, quality, 0),
  }))
}

function priced({ region, path }: Row, model: string): Omit<WrittenPrice, 'dimension' | 'usd'> {
  const parsed = parseModelId(Object.hasOwn(RENAMED, model) ? (RENAMED[model] ?? '') : model)
  if (parsed === null || parsed.baseModel === null)
    throw new CommandFailure(1, `${path}: "${model.slice(0, 80)}" is not the id of a model of Bedrock.`)
  return { base_model: parsed.baseModel, region, routing: parsed.routing ?? 'regional', variant: '' }
}

/** The decimal exactly as the file has it, `shift` places to the left of its point; a JSON number prints as it was written. */
function usdOf({ entry, path }: Pick<Row, 'entry' | 'path'>, member: string, shift: number): string {
  const value = entry[member]
  const match = typeof value === 'number' ? /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) : null
  if (match === null) throw new CommandFailure(1, `${path}.${member} must be a number in USD, 0 or more.`)
  const [, whole = '', fraction = '', exponent = '0'] = match
  const places = fraction.length - Number(exponent) - shift
  const digits = `${whole}${fraction}${'0'.repeat(Math.max(0, -places))}`.padStart(Math.max(0, places) + 1, '0')
  const at = digits.length - Math.max(0, places)
  const text = `${digits.slice(0, at)}.${digits.slice(at)}`
  return text.replace(/^0+(?=\d)/, '').replace(/\.?0*$/, '')
}
