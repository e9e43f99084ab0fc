// Files of the SaaS gateway samples become plans, tenants, keys and prices, after they were shown; the same file again changes nothing.

import { beforeEach, describe, expect, it } from 'vitest'
import { fakeAdmin } from '../../test/fakes/admin.ts'
import { commandLine, type CommandLine } from '../../test/fakes/command-line.ts'

let line: CommandLine

beforeEach(async () => {
  line = commandLine(await fakeAdmin())
})

const file = (name: string, content: unknown): void => {
  line.files[name] = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
}

const DEPLOYMENT = {
  STACK_PREFIX: 'alpha-unit',
  BEDROCK_ENDPOINT: 'https://bedrock-runtime.{}.amazonaws.com',
  BEDROCK_REQUIREMENTS: 'boto3',
  LANGCHAIN_REQUIREMENTS: 'langchain',
  PANDAS_REQUIREMENTS: 'pandas',
  VPC_CIDR: '10.10.0.0/16',
  API_THROTTLING_RATE: 100,
  API_BURST_RATE: '250',
  SAGEMAKER_ENDPOINTS: '{"Mixtral 8x7B": "Mixtral-SM-Endpoint"}',
}
const DEDICATED = { STACK_PREFIX: 'marketing', PARENT_STACK_PREFIX: 'alpha-unit' }

describe('configs.json', () => {
  it('is shown first, and nothing is done', async () => {
    file('configs.json', [DEPLOYMENT, DEDICATED])
    const before = await line.json('tenant list')
    const ran = await line.run('import configs.json')
    expect(ran.code).toBe(0)
    expect(ran.out).toMatch(/plan +alpha-unit +create +100 requests a second, bursts of 250; models: \*/)
    expect(ran.out).toMatch(/plan +marketing +create +10000 requests a second, bursts of 10000/)
    expect(ran.out).toMatch(
      /endpoint +mixtral-8x7b +create +"Mixtral 8x7B" is Mixtral-SM-Endpoint, the model sagemaker.mixtral-8x7b/,
    )
    expect(ran.out).toContain('7 to do; nothing was done. Add --apply to do it.')
    expect(await line.json('tenant list')).toEqual(before)
  })

  it('becomes plans with a rate, tenants and keys; again, nothing', async () => {
    file('configs.json', [DEPLOYMENT, DEDICATED])
    const made = await line.json(['import', 'configs.json', '--apply', '--team', 'alpha-unit/hr'])
    const keys = made.keys as Record<string, string>[]
    expect(keys.map(({ tenant_id: id }) => id)).toEqual(['alpha-unit', 'marketing'])
    expect(keys[0]).toMatchObject({ secret: expect.stringMatching(/^wb_/) as string, may_act_for: ['hr'] })
    expect(await line.json('plan show alpha-unit')).toMatchObject({
      allowed_models: ['*'],
      limits: [{ kind: 'requests', per: 'second', amount: 100, burst: 250 }],
    })
    expect(await line.json('tenant show alpha-unit')).toMatchObject({ plan_id: 'alpha-unit', parent_id: null })
    expect(await line.json('tenant show hr')).toMatchObject({ parent_id: 'alpha-unit' })
    const endpoint = { name: 'Mixtral 8x7B', endpoint_name: 'Mixtral-SM-Endpoint', kind: null, region: null }
    expect(await line.json('endpoint show mixtral-8x7b')).toMatchObject(endpoint)
    const again = await line.run('import configs.json --apply --team alpha-unit/hr')
    expect(again.out).toContain('Nothing to do.')
    expect(again.out).not.toContain('create')
  })

  it('changes only the rate of a plan that somebody has worked on since', async () => {
    file('configs.json', [DEPLOYMENT])
    await line.json('import configs.json --apply')
    await line.json(
      'plan set alpha-unit --allow-model own.* --allow-unknown-models --limit cost:25/month --limit requests:7/second,burst=9 --unpriced refuse',
    )
    const shown = await line.json('import configs.json --apply')
    expect((shown.steps as { change: string }[]).map(({ change }) => change)).toEqual([
      'as it is',
      'change',
      'as it is',
      'as it is',
    ])
    expect(await line.json('plan show alpha-unit')).toMatchObject({
      allowed_models: ['own.*'],
      unpriced: 'refuse',
      limits: [{ kind: 'cost' }, { kind: 'requests', amount: 100, burst: 250 }],
    })
  })

  it('lets the key of a unit act for a team that joins later', async () => {
    file('configs.json', [DEDICATED])
    await line.json('import configs.json --apply --team marketing/one')
    const shown = await line.json('import configs.json --apply --team marketing/two')
    expect((shown.steps as { change: string }[]).map(({ change }) => change)).toEqual([
      'as it is',
      'as it is',
      'create',
      'change',
    ])
    expect((await line.json('key list --tenant marketing')).keys).toMatchObject([{ may_act_for: ['one', 'two'] }])
  })

  it.each<[string, string[]]>([
    ["{'Llama \\'3\\'': 'llama', \"Mixtral\": 'mix',}", ['llama-3', 'mixtral']],
    ['{ }', []],
    ['', []],
  ])('takes endpoints written in Python: %s', async (written, ids) => {
    file('configs.json', [{ ...DEDICATED, SAGEMAKER_ENDPOINTS: written }])
    const shown = await line.json('import configs.json')
    const steps = shown.steps as { kind: string; id: string }[]
    expect(steps.filter(({ kind }) => kind === 'endpoint').map(({ id }) => id)).toEqual(ids)
    expect(shown.not_taken_over).toEqual([])
  })

  it('changes where a name leads, keeps what else was said of it, and finds an id for a name that is like another', async () => {
    await line.run(['endpoint', 'set', 'mix', '--endpoint', 'Old', '--name', 'Mixtral', '--kind', 'chat'])
    const endpoints = { Mixtral: 'New', 'Llama-3': 'one', 'Llama 3': 'two' }
    file('configs.json', [{ ...DEDICATED, SAGEMAKER_ENDPOINTS: JSON.stringify(endpoints) }])
    await line.json('import configs.json --apply')
    const listed = (await line.json('endpoint list')).endpoints as Record<string, unknown>[]
    expect(listed.map(({ endpoint_id, endpoint_name, kind }) => [endpoint_id, endpoint_name, kind])).toEqual([
      ['llama-3', 'one', null],
      ['llama-3-2', 'two', null],
      ['mix', 'New', 'chat'],
    ])
  })

  it.each<[string, unknown, string]>([
    ['no JSON', '[', 'is not JSON'],
    ['a number', '7', 'neither a list of units nor an object'],
    ['nothing', [], 'lists nothing'],
    ['an entry that is a text', ['x'], '[0] must be an object'],
    ['an unknown key', [DEDICATED, { ...DEPLOYMENT, ROGUE: 1 }], '[1].ROGUE is not a key of this file'],
    ['no prefix', [{ PARENT_STACK_PREFIX: 'x' }], '[0].STACK_PREFIX must be'],
    ['a prefix that no tenant can have', [{ ...DEDICATED, STACK_PREFIX: '../x' }], '[0].STACK_PREFIX must be'],
    ['the same prefix twice', [DEDICATED, DEDICATED], 'STACK_PREFIX "marketing" stands twice'],
    ['a rate of nothing', [{ ...DEDICATED, API_THROTTLING_RATE: 0 }], '[0].API_THROTTLING_RATE must be a whole number'],
    ['a rate that is a fraction', [{ ...DEDICATED, API_BURST_RATE: 1.5 }], '[0].API_BURST_RATE must be a whole number'],
    ['neither kind', [{ STACK_PREFIX: 'x' }], '[0] is neither a deployment nor a dedicated key'],
    ['both kinds', [{ ...DEPLOYMENT, API_GATEWAY_ID: 'x' }], '[0].API_GATEWAY_ID does not go with'],
    [
      'endpoints that are a list',
      [{ ...DEDICATED, SAGEMAKER_ENDPOINTS: '["a"]' }],
      '[0].SAGEMAKER_ENDPOINTS must be a map',
    ],
    [
      'an endpoint in the place of a model',
      [{ ...DEDICATED, SAGEMAKER_ENDPOINTS: '{"amazon.nova-lite-v1:0": "a"}' }],
      '[0].SAGEMAKER_ENDPOINTS has the name "amazon.nova-lite-v1:0", which no endpoint can have',
    ],
    [
      'one name for two endpoints',
      [
        { ...DEDICATED, SAGEMAKER_ENDPOINTS: '{"a": "x"}' },
        { ...DEPLOYMENT, SAGEMAKER_ENDPOINTS: '{"a": "y"}' },
      ],
      '"a" is x in one unit and y in another',
    ],
    [
      'endpoints that are code',
      [{ ...DEDICATED, SAGEMAKER_ENDPOINTS: "{'a': open('x')}" }],
      '[0].SAGEMAKER_ENDPOINTS must be a map',
    ],
  ])('with %s is refused, and nothing is done', async (_, content, words) => {
    file('configs.json', content)
    const ran = await line.run('import configs.json --apply')
    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(ran.err).toContain(words)
    expect(line.sent.filter(({ url }) => !url.includes('?'))).toEqual([])
  })
})

const MODELS = {
  'us-east-1': {
    text: {
      'anthropic.claude-3-haiku-20240307-v1:0': { input_cost: 0.00025, output_cost: 0.00125 },
      'amazon.titan-text-lite-v1': { input_cost: 0.00015, output_cost: 0.0002 },
    },
    embeddings: {
      'amazon.titan-embed-text-v2:0': { input_cost: 0.00002, output_cost: 0 },
      'amazon.titan-embed-image-v1': { input_cost: 0.0008, output_cost: 0 },
      'amazon.titan-embed-image-v1-image': { input_cost: 0.00006, output_cost: 0 },
    },
    image: {
      'stability.stable-diffusion-xl': {
        '512x512': { standard: 0.018, premium: 0.036 },
        larger: { standard: 0.036, premium: 0.072 },
      },
    },
  },
}

describe('models.json', () => {
  const shape = (prices: unknown) =>
    (prices as Record<string, string>[]).map(({ base_model: model, dimension, variant, usd }) => [
      model,
      dimension,
      variant,
      usd,
    ])

  it('becomes prices per 1M tokens and per image, exact, under the ids that calls have', async () => {
    file('models.json', MODELS)
    const shown = await line.json('import models.json --from 2026-01-01')
    expect(shape(shown.prices)).toEqual([
      ['anthropic.claude-3-haiku-20240307-v1:0', 'input_tokens', '', '0.25'],
      ['anthropic.claude-3-haiku-20240307-v1:0', 'output_tokens', '', '1.25'],
      ['amazon.titan-text-lite-v1', 'input_tokens', '', '0.15'],
      ['amazon.titan-text-lite-v1', 'output_tokens', '', '0.2'],
      ['amazon.titan-embed-text-v2:0', 'input_tokens', '', '0.02'],
      ['amazon.titan-embed-image-v1', 'input_tokens', '', '0.8'],
      ['amazon.titan-embed-image-v1', 'input_images', '', '0.00006'],
      ['stability.stable-diffusion-xl-v1', 'images', '512x512/standard', '0.018'],
      ['stability.stable-diffusion-xl-v1', 'images', '512x512/premium', '0.036'],
      ['stability.stable-diffusion-xl-v1', 'images', '1024x1024/standard', '0.036'],
      ['stability.stable-diffusion-xl-v1', 'images', '1024x1024/premium', '0.072'],
    ])
    expect(shown).toMatchObject({ applied: false, price_version: null })
  })

  it('is stored with its source when told so; again, nothing', async () => {
    file('models.json', MODELS)
    const stored = await line.json(['import', 'models.json', '--apply', '--confirm', '--source', 'our sample of 2024'])
    expect(stored).toMatchObject({ applied: true })
    const { prices } = await line.json('price list --model stability.stable-diffusion-xl-v1')
    expect(prices).toContainEqual(
      expect.objectContaining({
        region: 'us-east-1',
        variant: '1024x1024/premium',
        usd: '0.072',
        source: 'our sample of 2024',
      }),
    )
    expect((await line.run('import models.json --apply')).out).toContain('11 as they are. Nothing to do.')
  })

  it('may also go by category, model and region', async () => {
    file('models.json', {
      text: { 'amazon.titan-text-express-v1': { 'us-east-1': { input_cost: 0.0008, output_cost: 1.6e-3 } } },
    })
    expect(shape((await line.json('import models.json')).prices)).toEqual([
      ['amazon.titan-text-express-v1', 'input_tokens', '', '0.8'],
      ['amazon.titan-text-express-v1', 'output_tokens', '', '1.6'],
    ])
  })

  const text = (entry: unknown, model = 'amazon.titan-text-lite-v1') => ({ 'us-east-1': { text: { [model]: entry } } })

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'holds nothing'],
    [
      'an unknown category',
      { 'us-east-1': { video: {}, audio: { x: {} } } },
      'us-east-1.audio is neither a region nor one of',
    ],
    ['a misspelt region', { 'us-east': {} }, 'us-east is neither a region nor one of'],
    [
      'a price that is text',
      text({ input_cost: '0.1', output_cost: 1 }),
      'amazon.titan-text-lite-v1.input_cost must be a number',
    ],
    ['a negative price', text({ input_cost: -1, output_cost: 1 }), 'input_cost must be a number'],
    ['half a price', text({ input_cost: 1 }), 'output_cost must be a number'],
    ['a model that is none', text({ input_cost: 1, output_cost: 1 }, 'x y'), 'is not the id of a model'],
    [
      'another size',
      { 'us-east-1': { image: { 'amazon.titan-image-generator-v1': { huge: {} } } } },
      'the sizes are 512x512 and larger',
    ],
    ['an entry that is a list', { 'us-east-1': { text: [] } }, 'us-east-1.text must be an object'],
    ['a price for a sky-high sum', text({ input_cost: 1e300, output_cost: 1 }), 'must be a decimal string'],
  ])('with %s is refused, and nothing is stored', async (_, content, words) => {
    file('models.json', content)
    const before = await line.json('price versions')
    const ran = await line.run('import models.json --apply')
    expect(ran).toMatchObject({ code: 1, out: '' })
    expect(ran.err).toContain(words)
    expect(await line.json('price versions')).toEqual(before)
  })
})
