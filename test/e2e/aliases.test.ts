// Aliases with the unmodified AWS SDK: a model is rolled out by one change, whoever asks and however.

import { BedrockClient, GetFoundationModelCommand, ListFoundationModelsCommand } from '@aws-sdk/client-bedrock'
import {
  BedrockRuntimeClient,
  ConverseCommand,
  InvokeModelWithResponseStreamCommand,
  StartAsyncInvokeCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from './admin-client.ts'
import { startHarness, type Harness } from './harness.ts'
import { claudeBody, HAIKU, NOVA_LITE } from './requests.ts'

const NOVA_MICRO = 'amazon.nova-micro-v1:0'
const messages = [{ role: 'user' as const, content: [{ text: 'Good morning.' }] }]

let harness: Harness
let tenant: TestTenant
let client: BedrockRuntimeClient
let control: BedrockClient

beforeAll(async () => {
  harness = await startHarness()
  await harness.tenant('organisation')
  tenant = await harness.tenant('team', {
    parent_id: 'organisation',
    allowed_models: ['amazon.*', 'anthropic.*', 'luma.*'],
  })
  const credentials = { accessKeyId: tenant.accessKeyId, secretAccessKey: tenant.secretAccessKey }
  const options = { region: 'us-east-1', endpoint: harness.url, credentials, maxAttempts: 1 }
  client = new BedrockRuntimeClient(options)
  control = new BedrockClient(options)
})

afterAll(async () => {
  client.destroy()
  control.destroy()
  await harness.close()
})

const alias = (name: string, model: string, more: object = {}) =>
  harness.admin('PUT', `aliases/${name}`, { model_id: model, ...more })

const converse = (modelId: string) => client.send(new ConverseCommand({ modelId, messages }))

const lastCalled = (): string | undefined => harness.simulator.bill().at(-1)?.model_id

describe('an alias', () => {
  it('is one change, in force with the next call; the ledger has what was called and by which name', async () => {
    await alias('chat-default', NOVA_MICRO)
    await converse('chat-default')
    expect(lastCalled()).toBe(NOVA_MICRO)
    await alias('chat-default', HAIKU, { effective_from: '2099-01-01' })
    await converse('chat-default')
    expect(lastCalled()).toBe(NOVA_MICRO)
    await alias('chat-default', NOVA_LITE)
    await converse('chat-default')
    expect(lastCalled()).toBe(NOVA_LITE)
    expect((await harness.ledger()).at(-1)).toMatchObject({
      model_id: NOVA_LITE,
      base_model: NOVA_LITE,
      notes: ['called by the alias chat-default'],
    })
  })

  it('of a tenant above goes before the one of everybody, and others do not know it', async () => {
    await alias('nearest', NOVA_MICRO)
    await alias('nearest', NOVA_LITE, { tenant_id: 'organisation' })
    await alias('private', NOVA_LITE, { tenant_id: 'organisation' })
    await converse('nearest')
    expect(lastCalled()).toBe(NOVA_LITE)
    const stranger = await harness.tenant('stranger')
    const answer = await fetch(`${harness.url}/model/private/converse`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stranger.secret}` },
      body: JSON.stringify({ messages }),
    })
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { message: '"private" is neither the identifier of a model nor an alias of this tenant.' },
    ])
  })

  it('gives no access to what is not allowed', async () => {
    await alias('forbidden', 'meta.llama3-8b-instruct-v1:0')
    await expect(converse('forbidden')).rejects.toMatchObject({ name: 'AccessDeniedException' })
  })

  it('names models of streams and of films too', async () => {
    await alias('fast', HAIKU)
    const answer = await client.send(
      new InvokeModelWithResponseStreamCommand({ modelId: 'fast', body: claudeBody('Answer in 20 words.') }),
    )
    for await (const event of answer.body ?? []) expect(event).toBeDefined()
    expect(lastCalled()).toBe(HAIKU)
    await alias('films', 'luma.ray-v2:0')
    await client.send(
      new StartAsyncInvokeCommand({
        modelId: 'films',
        modelInput: { prompt: 'A bridge in the morning.', duration: '5s', resolution: '540p' },
        outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://bucket/films' } },
      }),
    )
    expect(lastCalled()).toBe('luma.ray-v2:0')
  })

  it('is listed with what it means, and found by its name', async () => {
    await alias('listed', HAIKU)
    await alias('unlisted', 'meta.llama3-8b-instruct-v1:0')
    const { modelSummaries = [] } = await control.send(new ListFoundationModelsCommand({}))
    const summary = modelSummaries.find(({ modelId }) => modelId === 'listed')
    expect(summary).toMatchObject({ modelName: `listed (${HAIKU})`, providerName: 'Anthropic' })
    expect(modelSummaries.some(({ modelId }) => modelId === 'unlisted')).toBe(false)
    const found = await control.send(new GetFoundationModelCommand({ modelIdentifier: 'listed' }))
    expect(found.modelDetails?.modelId).toBe(HAIKU.slice('us.'.length))
  })

  it("is a model of OpenAI's dialect as well, listed and called", async () => {
    await alias('chat-openai', HAIKU)
    const headers = { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json' }
    const listed = await fetch(`${harness.url}/openai/v1/models`, { headers })
    const { data } = (await listed.json()) as { data: { id: string }[] }
    expect(data.filter(({ id }) => id === 'chat-openai')).toHaveLength(1)
    const answer = await fetch(`${harness.url}/openai/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model: 'chat-openai', messages: [{ role: 'user', content: 'Good morning.' }] }),
    })
    expect([answer.status, lastCalled()]).toEqual([200, HAIKU])
    expect((await harness.ledger()).at(-1)).toMatchObject({ surface: 'openai', model_id: HAIKU })
  })
})
