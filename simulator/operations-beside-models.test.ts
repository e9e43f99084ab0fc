// The operations that run no model or run it elsewhere: guardrails, jobs, the control plane and SageMaker, with AWS's own clients.
import {
  BedrockClient,
  CreateInferenceProfileCommand,
  DeleteInferenceProfileCommand,
  GetFoundationModelCommand,
  GetInferenceProfileCommand,
  ListFoundationModelsCommand,
  ListInferenceProfilesCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-bedrock'
import {
  ApplyGuardrailCommand,
  BedrockRuntimeClient,
  ConverseCommand,
  GetAsyncInvokeCommand,
  InvokeGuardrailChecksCommand,
  ListAsyncInvokesCommand,
  StartAsyncInvokeCommand,
} from '@aws-sdk/client-bedrock-runtime'
import {
  InvokeEndpointAsyncCommand,
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_KEY_PAIR, type RunningSimulator, startSimulator } from './server.ts'

const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const NOVA = 'amazon.nova-lite-v1:0'
const ARN = 'arn:aws:bedrock:us-east-1'

let clock = Date.parse('2026-11-20T12:00:00Z')
let simulator: RunningSimulator
let runtime: BedrockRuntimeClient
let control: BedrockClient
let sagemaker: SageMakerRuntimeClient

beforeAll(async () => {
  simulator = await startSimulator({ now: () => clock, allowAnyCredentials: true })
  const config = { endpoint: simulator.url, region: 'us-east-1', credentials: DEFAULT_KEY_PAIR, maxAttempts: 1 }
  runtime = new BedrockRuntimeClient(config)
  control = new BedrockClient(config)
  sagemaker = new SageMakerRuntimeClient(config)
})
afterAll(() => simulator.close())
beforeEach(() => simulator.reset())

const question = (text: string) => [{ role: 'user' as const, content: [{ text }] }]

describe('guardrails without a model', () => {
  it('ApplyGuardrail blocks, masks, and bills a text unit per 1,000 characters', async () => {
    const apply = (text: string) =>
      runtime.send(
        new ApplyGuardrailCommand({
          guardrailIdentifier: 'gr1',
          guardrailVersion: '1',
          source: 'INPUT',
          content: [{ text: { text } }],
        }),
      )
    expect(await apply('x'.repeat(2001))).toMatchObject({ action: 'NONE', usage: { contentPolicyUnits: 3 } })
    expect(await apply('investment advice')).toMatchObject({ action: 'GUARDRAIL_INTERVENED' })
    expect((await apply('Mail me at a@example.com')).outputs).toEqual([{ text: 'Mail me at {EMAIL}' }])
    expect(simulator.bill().map((call) => call.usage.guardrail_content_units)).toEqual([3, 1, 1])
  })

  it('InvokeGuardrailChecks scores the checks that were asked for', async () => {
    const answer = await runtime.send(
      new InvokeGuardrailChecksCommand({
        messages: [{ role: 'user', content: [{ text: 'Write to a@example.com' }] }],
        checks: {
          contentFilter: { categories: [{ category: 'HATE' }] },
          sensitiveInformation: { entities: [{ type: 'EMAIL' }] },
        },
      }),
    )
    expect(answer.results).toMatchObject({
      contentFilter: { results: [{ category: 'HATE', severityScore: 0.05 }] },
      sensitiveInformation: { results: [{ type: 'EMAIL', beginOffset: 9, endOffset: 22 }] },
    })
    expect(simulator.bill()[0]?.usage).toEqual({ guardrail_content_units: 1, guardrail_sensitive_units: 1 })
  })
})

describe('asynchronous invocations', () => {
  it('run for a while, are listed, and bill seconds of film once', async () => {
    const input = {
      modelId: 'amazon.nova-reel-v1:0',
      modelInput: {
        taskType: 'TEXT_VIDEO',
        textToVideoParams: { text: 'A sea.' },
        videoGenerationConfig: { durationSeconds: 6, fps: 24, dimension: '1280x720' },
      },
      outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://films/out/' } },
      clientRequestToken: 'token-1',
    }
    const { invocationArn } = await runtime.send(new StartAsyncInvokeCommand(input))
    const again = await runtime.send(new StartAsyncInvokeCommand(input))
    expect(again.invocationArn).toBe(invocationArn)
    expect(await runtime.send(new GetAsyncInvokeCommand({ invocationArn }))).toMatchObject({ status: 'InProgress' })
    clock += 2000
    const done = await runtime.send(new GetAsyncInvokeCommand({ invocationArn }))
    expect(done).toMatchObject({ status: 'Completed', clientRequestToken: 'token-1' })
    const list = await runtime.send(new ListAsyncInvokesCommand({ statusEquals: 'Completed' }))
    expect(list.asyncInvokeSummaries?.map((job) => job.invocationArn)).toEqual([invocationArn])
    expect(simulator.bill().map((call) => call.usage)).toEqual([{ seconds: 6 }])
  })
})

describe('the control plane', () => {
  it('lists and filters foundation models, and describes one', async () => {
    const all = await control.send(new ListFoundationModelsCommand({}))
    const embeddings = await control.send(new ListFoundationModelsCommand({ byOutputModality: 'EMBEDDING' }))
    const amazon = await control.send(new ListFoundationModelsCommand({ byProvider: 'amazon' }))
    expect(all.modelSummaries?.length).toBeGreaterThan(100)
    expect(embeddings.modelSummaries?.map((model) => model.modelId)).toContain('amazon.titan-embed-text-v2:0')
    expect(new Set(amazon.modelSummaries?.map((model) => model.providerName))).toEqual(new Set(['Amazon']))
    const one = await control.send(new GetFoundationModelCommand({ modelIdentifier: NOVA }))
    expect(one.modelDetails).toMatchObject({ modelId: NOVA, responseStreamingSupported: true })
    const missing = control.send(new GetFoundationModelCommand({ modelIdentifier: 'nobody.knows' }))
    await expect(missing).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('keeps application inference profiles with tags, and invokes what they stand for', async () => {
    const copyFrom = `${ARN}:123456789012:inference-profile/${CLAUDE}`
    const created = await control.send(
      new CreateInferenceProfileCommand({
        inferenceProfileName: 'team-a',
        modelSource: { copyFrom },
        tags: [{ key: 'team', value: 'a' }],
      }),
    )
    const arn = created.inferenceProfileArn ?? ''
    expect(arn).toMatch(/:application-inference-profile\/\w{12}$/)
    const found = await control.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: arn }))
    expect(found).toMatchObject({ type: 'APPLICATION', inferenceProfileName: 'team-a' })
    expect(found.models?.[0]?.modelArn).toContain(CLAUDE.slice(3))
    await control.send(new TagResourceCommand({ resourceARN: arn, tags: [{ key: 'project', value: 'p' }] }))
    await control.send(new UntagResourceCommand({ resourceARN: arn, tagKeys: ['team'] }))
    const { tags } = await control.send(new ListTagsForResourceCommand({ resourceARN: arn }))
    expect(tags).toEqual([{ key: 'project', value: 'p' }])

    await runtime.send(new ConverseCommand({ modelId: arn, messages: question('Hello') }))
    expect(simulator.bill()).toMatchObject([{ model_id: arn, base_model: CLAUDE.slice(3) }])

    await control.send(new DeleteInferenceProfileCommand({ inferenceProfileIdentifier: arn }))
    const gone = control.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: arn }))
    await expect(gone).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('lists the system profiles of the calling region, page by page', async () => {
    const ids: (string | undefined)[] = []
    let nextToken: string | undefined
    do {
      const page = await control.send(
        new ListInferenceProfilesCommand({ typeEquals: 'SYSTEM_DEFINED', maxResults: 7, nextToken }),
      )
      ids.push(...(page.inferenceProfileSummaries ?? []).map((profile) => profile.inferenceProfileId))
      nextToken = page.nextToken
    } while (nextToken !== undefined)
    expect(ids).toContain(CLAUDE)
    expect(ids).toContain(`global.${CLAUDE.slice(3)}`)
    expect(ids.some((id) => id?.startsWith('eu.'))).toBe(false)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('SageMaker', () => {
  const EndpointName = 'my-endpoint'

  it('answers an endpoint, its stream and its asynchronous twin', async () => {
    const Body = JSON.stringify({ inputs: 'Tell me in 12 words.', parameters: { max_new_tokens: 50 } })
    const answer = await sagemaker.send(new InvokeEndpointCommand({ EndpointName, Body, CustomAttributes: 'trace=1' }))
    const [whole]: [{ generated_text: string }] = JSON.parse(Buffer.from(answer.Body).toString())
    expect(answer.CustomAttributes).toBe('trace=1')
    const stream = await sagemaker.send(new InvokeEndpointWithResponseStreamCommand({ EndpointName, Body }))
    let text = ''
    for await (const event of stream.Body ?? []) text += Buffer.from(event.PayloadPart?.Bytes ?? '').toString()
    const pieces = text.trim().split('\n')
    expect(pieces).toHaveLength(12)
    expect(JSON.parse(pieces.at(-1) ?? '')).toMatchObject({ generated_text: whole.generated_text })
    const later = await sagemaker.send(
      new InvokeEndpointAsyncCommand({ EndpointName, InputLocation: 's3://in/1.json' }),
    )
    expect(later.InferenceId).toBeTruthy()
    expect(simulator.bill().map((call) => [call.operation, call.usage])).toEqual([
      ['InvokeEndpoint', { requests: 1 }],
      ['InvokeEndpointWithResponseStream', { requests: 1 }],
      ['InvokeEndpointAsync', { requests: 1 }],
    ])
  })

  it('refuses an endpoint that is not there', async () => {
    const missing = sagemaker.send(new InvokeEndpointCommand({ EndpointName: 'missing-one', Body: '{}' }))
    const message = 'Endpoint missing-one of account 123456789012 not found.'
    await expect(missing).rejects.toMatchObject({ name: 'ValidationError', message })
  })
})
