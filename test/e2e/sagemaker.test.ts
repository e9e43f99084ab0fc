// SageMaker endpoints with the unmodified AWS SDK through the gateway: bytes untouched, who may call what, one entry a call, the bill's calls.

import {
  InvokeEndpointAsyncCommand,
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'

const CHAT = { messages: [{ role: 'user', content: 'Good morning.' }], max_tokens: 24 }
const PROMPT = { inputs: 'Good morning.', parameters: { max_new_tokens: 24 } }

let harness: Harness
let tenant: TestTenant
let client: SageMakerRuntimeClient
let direct: SageMakerRuntimeClient

const clientOf = (endpoint: string, { accessKeyId, secretAccessKey }: Omit<TestTenant, 'id' | 'keyId' | 'secret'>) =>
  new SageMakerRuntimeClient({
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })

beforeAll(async () => {
  harness = await startHarness({ settings: { WEIGHBRIDGE_UPSTREAM_RETRIES: '1' } })
  const endpoints = {
    mixtral: { endpoint_name: 'Mixtral-SM', name: 'Mixtral 8x7B' },
    part: { endpoint_name: 'Shared', inference_component: 'part-1' },
    secret: { endpoint_name: 'Secret-SM' },
    far: { endpoint_name: 'Far-SM', region: 'eu-west-1' },
    gone: { endpoint_name: 'missing-one' },
  }
  for (const [id, body] of Object.entries(endpoints)) await harness.admin('PUT', `endpoints/${id}`, body)
  tenant = await harness.tenant('team', {
    allowed_models: ['sagemaker.mixtral', 'sagemaker.part', 'sagemaker.far', 'sagemaker.gone'],
    access: { regions: ['us-east-1'] },
  })
  client = clientOf(harness.url, tenant)
  direct = clientOf(harness.simulator.url, { accessKeyId: 'AKIASIMULATOR000001', secretAccessKey: 'simulator-secret' })
})

afterAll(async () => {
  client.destroy()
  direct.destroy()
  await harness.close()
})

const invoke = (EndpointName: string, body: unknown, more: object = {}, by = client) =>
  by.send(
    new InvokeEndpointCommand({ EndpointName, Body: JSON.stringify(body), ContentType: 'application/json', ...more }),
  )

const textOf = (body: Uint8Array): string => Buffer.from(body).toString()

async function streamed(EndpointName: string, body: unknown, by = client): Promise<string> {
  const Body = JSON.stringify(body)
  const answer = await by.send(new InvokeEndpointWithResponseStreamCommand({ EndpointName, Body }))
  let text = ''
  for await (const event of answer.Body ?? []) text += textOf(event.PayloadPart?.Bytes ?? Buffer.alloc(0))
  return text
}

const last = async () => (await harness.ledger()).at(-1)

describe('a call of an endpoint', () => {
  it('has the answer to the byte, its headers, and one entry with what the container said it used', async () => {
    const more = { CustomAttributes: 'trace=1', TargetVariant: 'Blue' }
    const [answer, plain] = [await invoke('Mixtral-SM', CHAT, more), await invoke('Mixtral-SM', CHAT, more, direct)]
    expect(textOf(answer.Body)).toBe(textOf(plain.Body))
    expect([answer.CustomAttributes, answer.InvokedProductionVariant]).toEqual(['trace=1', 'Blue'])
    const { usage } = JSON.parse(textOf(plain.Body)) as { usage: { prompt_tokens: number; completion_tokens: number } }
    expect(await last()).toMatchObject({
      upstream_request_id: answer.$metadata.requestId,
      model_id: 'sagemaker.mixtral',
      operation: 'InvokeEndpoint',
      tenant_id: 'team',
      ending: 'completed',
      usage: { input_tokens: usage.prompt_tokens, output_tokens: usage.completion_tokens },
      estimated: false,
      // nobody has said what it costs
      cost_usd: null,
    })
  })

  it('is estimated and marked where the container says nothing of its usage', async () => {
    const answer = await invoke('Mixtral-SM', PROMPT)
    const [{ generated_text: text }] = JSON.parse(textOf(answer.Body)) as [{ generated_text: string }]
    const tokens = {
      input_tokens: Math.floor(JSON.stringify(PROMPT).length / 4),
      output_tokens: Math.floor(text.length / 4),
    }
    expect(await last()).toMatchObject({ usage: tokens, estimated: true, cost_usd: null })
  })

  it.each([
    ['tokens', PROMPT],
    ['events', CHAT],
  ])('streams %s as directly, and is metered', async (_, body) => {
    expect(await streamed('Mixtral-SM', body)).toBe(await streamed('Mixtral-SM', body, direct))
    expect(await last()).toMatchObject({ operation: 'InvokeEndpointWithResponseStream', ending: 'completed' })
  })

  it('takes bytes that are no JSON', async () => {
    const Body = Buffer.from([0, 1, 2, 0xff])
    const command = new InvokeEndpointCommand({ EndpointName: 'Mixtral-SM', Body, ContentType: 'application/x-npy' })
    const answer = await client.send(command)
    expect([Buffer.from(answer.Body).equals(Body), answer.ContentType]).toEqual([true, 'application/x-npy'])
  })

  it('may name it by its name and by its model id, with a bearer key, and keep a base path', async () => {
    for (const name of ['Mixtral 8x7B', 'sagemaker.mixtral', 'Mixtral-SM']) {
      const response = await fetch(`${harness.url}/aws/endpoints/${encodeURIComponent(name)}/invocations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json' },
        body: JSON.stringify(PROMPT),
      })
      expect([response.status, await response.json()]).toMatchObject([
        200,
        [{ generated_text: expect.any(String) as string }],
      ])
    }
    expect(
      harness.simulator
        .bill()
        .slice(-3)
        .map((call) => call.model_id),
    ).toEqual(Array(3).fill('Mixtral-SM'))
  })

  it('goes to its inference component, and to no other', async () => {
    await invoke('Shared', PROMPT)
    await invoke('Shared', PROMPT, { InferenceComponentName: 'part-1' })
    expect((await last())?.model_id).toBe('sagemaker.part')
    const other = invoke('Shared', PROMPT, { InferenceComponentName: 'part-2' })
    await expect(other).rejects.toMatchObject({ name: 'ValidationError', $metadata: { httpStatusCode: 400 } })
  })
})

describe('what is refused', () => {
  it.each<[string, string, string, number]>([
    ['an endpoint that the tenant may not call', 'Secret-SM', 'AccessDeniedException', 403],
    ['one in a region that is not open to it', 'Far-SM', 'AccessDeniedException', 403],
    ['one that is not configured', 'Other-SM', 'ValidationError', 400],
    ['a model of Bedrock', 'amazon.nova-lite-v1:0', 'ValidationError', 400],
    ['one that SageMaker does not have', 'missing-one', 'ValidationError', 400],
  ])('%s, in the words of SageMaker', async (_, name, error, status) => {
    const before = harness.simulator.bill().length
    await expect(invoke(name, PROMPT)).rejects.toMatchObject({ name: error, $metadata: { httpStatusCode: status } })
    expect(harness.simulator.bill()).toHaveLength(before)
  })

  it('a signature for another service, and one of another key', async () => {
    const wrong = clientOf(harness.url, { ...tenant, secretAccessKey: 'x'.repeat(40) })
    await expect(invoke('Mixtral-SM', PROMPT, {}, wrong)).rejects.toMatchObject({ name: 'InvalidSignatureException' })
    const nobody = clientOf(harness.url, { accessKeyId: 'WBAKNOBODY0000000000', secretAccessKey: 'x' })
    await expect(invoke('Mixtral-SM', PROMPT, {}, nobody)).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    })
    for (const one of [wrong, nobody]) one.destroy()
    const bedrocks = await fetch(`${harness.url}/endpoints/Mixtral-SM/invocations`, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${tenant.accessKeyId}/20261130/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
      },
      body: '{}',
    })
    expect([bedrocks.status, await bedrocks.json()]).toMatchObject([
      403,
      { Message: expect.stringContaining('sagemaker') as string },
    ])
  })

  it('the asynchronous twin, which nobody could meter', async () => {
    const asked = client.send(new InvokeEndpointAsyncCommand({ EndpointName: 'Mixtral-SM', InputLocation: 's3://a/b' }))
    await expect(asked).rejects.toMatchObject({ $metadata: { httpStatusCode: 501 } })
  })

  it("an endpoint in Bedrock's own operations, with a word on how to call it", async () => {
    const response = await fetch(`${harness.url}/model/sagemaker.mixtral/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json' },
      body: '{"messages":[]}',
    })
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { message: expect.stringContaining('InvokeEndpoint') as string },
    ])
  })

  it('what a plan demands and an endpoint cannot have: a guardrail', async () => {
    const guarded = await harness.tenant('guarded', { access: { guardrail: { id: 'abc123', version: '1' } } })
    const own = clientOf(harness.url, guarded)
    await expect(invoke('Mixtral-SM', PROMPT, {}, own)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    own.destroy()
  })

  it('is live at once, for who was allowed: deleted, and there again', async () => {
    await harness.admin('DELETE', 'endpoints/mixtral')
    await expect(invoke('Mixtral-SM', PROMPT)).rejects.toMatchObject({ name: 'ValidationError' })
    await harness.admin('PUT', 'endpoints/mixtral', { endpoint_name: 'Mixtral-SM', name: 'Mixtral 8x7B' })
    expect((await invoke('Mixtral-SM', PROMPT)).$metadata.httpStatusCode).toBe(200)
  })
})

describe('an endpoint that is paid for by the hour', () => {
  const costs = (usd: string) => ({ limits: [{ kind: 'cost', per: 'month', amount: usd, mode: 'hard' }] })

  it('has calls of open cost, which a hard budget takes only with a price that stands in', async () => {
    await harness.admin('PUT', 'endpoints/hourly', { endpoint_name: 'Hourly-SM', max_output_tokens: 100 })
    const hourly = [{ model_id: 'sagemaker.hourly', usd: '1.408', units: 2, effective_from: '2026-01-01T00:00:00Z' }]
    await harness.admin('POST', 'prices', { hourly })
    const invokeBy = async (id: string, over: Record<string, unknown>) => {
      const own = clientOf(harness.url, await harness.tenant(id, over))
      const answered = await invoke('Hourly-SM', PROMPT, {}, own).then(
        () => 'answered',
        (thrown: Error) => `${thrown.name}: ${thrown.message}`,
      )
      own.destroy()
      return answered
    }
    expect(await invokeBy('soft', {})).toBe('answered')
    expect(await last()).toMatchObject({ model_id: 'sagemaker.hourly', cost_usd: null, ending: 'completed' })
    expect(await invokeBy('hard', costs('10'))).toContain('paid for by the hour')
    const fallback_price = { input: '1', output: '2' }
    await harness.admin('PUT', 'plans/fallback', { name: 'f', allowed_models: ['*'], budgeting: { fallback_price } })
    expect(await invokeBy('stands-in', { plan_id: 'fallback', ...costs('10') })).toBe('answered')
    expect(await last()).toMatchObject({ cost_usd: null })
    expect(await invokeBy('poor', { plan_id: 'fallback', ...costs('0.0000001') })).toContain('ServiceQuotaExceeded')
  })

  it('begins and ends on the hour, and names a tenant that there is', async () => {
    const price = { model_id: 'sagemaker.hourly', usd: '1', effective_from: '2026-01-01T00:30:00Z' }
    await expect(harness.admin('POST', 'prices', { hourly: [price] })).rejects.toThrow('full hour')
    const idle = { ...price, effective_from: '2026-01-01T01:00:00Z', idle_tenant_id: 'nobody' }
    await expect(harness.admin('POST', 'prices', { hourly: [idle] })).rejects.toThrow('no tenant nobody')
  })
})

describe('a fault of SageMaker', () => {
  const fault = (faults: string[], more: object = {}) =>
    fetch(`${harness.simulator.url}/_simulator/scenario`, {
      method: 'POST',
      body: JSON.stringify({ rules: [{ match: { operation: 'InvokeEndpoint*' }, faults, ...more }] }),
    })

  it.each<[string, string, number]>([
    ['error:type=ModelError', 'ModelError', 424],
    ['error:type=ValidationError', 'ValidationError', 400],
    ['error:type=InternalDependencyException', 'InternalDependencyException', 530],
  ])('%s arrives as it is, and costs nothing', async (words, name, status) => {
    await fault([words])
    const failed = invoke('Mixtral-SM', PROMPT)
    await expect(failed).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } })
    expect(await last()).toMatchObject({ ending: 'upstream_refused', status, cost_usd: '0' })
    await fault([])
  })

  it('is tried again where that may help', async () => {
    await fault(['error:type=ServiceUnavailable'], { first: 1 })
    expect((await invoke('Mixtral-SM', PROMPT)).$metadata.httpStatusCode).toBe(200)
    expect(await last()).toMatchObject({ attempts: 2, ending: 'completed' })
    await fault([])
  })

  it('in the middle of a stream is said in the stream, and what passed is charged', async () => {
    await fault(['exception:type=ModelStreamError,after=3'])
    await expect(streamed('Mixtral-SM', PROMPT)).rejects.toMatchObject({ name: 'ModelStreamError' })
    expect(await last()).toMatchObject({ ending: 'upstream_failed', estimated: true, cost_usd: null })
    await fault([])
  })
})

it('has one entry for each call of the bill, and of nothing else', async () => {
  const billed = harness.simulator.bill()
  const entries = (await harness.ledger()).filter(({ ending }) => ending !== 'upstream_refused')
  const throughUs = new Set(entries.map((entry) => entry.upstream_request_id))
  expect(throughUs.size).toBe(entries.length)
  const ids = new Set(billed.map((call) => call.request_id))
  expect([...throughUs].filter((id) => !ids.has(id ?? ''))).toEqual([])
  // the rest of the bill is what this test called directly, to compare
  expect(billed).toHaveLength(entries.length + DIRECT_CALLS)
})

const DIRECT_CALLS = 3
