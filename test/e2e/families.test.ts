// Every model family through InvokeModel, whole and streamed: the same bytes as directly, and a ledger that says what the bill says.

import {
  BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CASES } from '../../simulator/families/cases-for-tests.ts'
import { FAMILIES } from '../../simulator/families/index.ts'
import type { ModelCard } from '../../simulator/family.ts'
import type { LedgerLine } from './admin-client.ts'
import { startHarness, SIMULATOR_BEARER, type Harness } from './harness.ts'

let harness: Harness
let through: BedrockRuntimeClient
let direct: BedrockRuntimeClient
const region = 'us-east-1'

beforeAll(async () => {
  harness = await startHarness()
  const { accessKeyId, secretAccessKey } = await harness.tenant('team-a')
  through = new BedrockRuntimeClient({ region, endpoint: harness.url, credentials: { accessKeyId, secretAccessKey } })
  const bearer = { token: { token: SIMULATOR_BEARER }, authSchemePreference: ['httpBearerAuth'] }
  direct = new BedrockRuntimeClient({ region, endpoint: harness.simulator.url, ...bearer })
})

afterAll(async () => {
  through.destroy()
  direct.destroy()
  await harness.close()
})

/** As it can be called: by its own id, or by its profile in the United States, or the global one. */
const callable = ({ modelId, inferenceTypes, profiles }: ModelCard): string => {
  if (inferenceTypes.includes('ON_DEMAND')) return modelId
  const prefix = ['us', 'global'].find((known) => profiles.includes(known)) ?? profiles[0]
  return prefix === undefined ? modelId : `${prefix}.${modelId}`
}

type Model = { readonly family: string; readonly card: ModelCard; readonly modelId: string; readonly body: string }

const MODELS: Model[] = FAMILIES.flatMap((family) => {
  const { name, models } = family
  const streams = 'stream' in family
  const found = CASES[name]
  // models that make films have no InvokeModel
  if (found === undefined || ['nova-reel', 'luma-ray'].includes(name)) return []
  return models.map((card) => ({
    family: name,
    card: { ...card, streaming: card.streaming && streams },
    modelId: callable(card),
    body: JSON.stringify(typeof found.good === 'function' ? found.good(card) : found.good),
  }))
})

/** What says when and under which id the answer was made. */
const steady = (text: string): string =>
  text.replaceAll(/"(?:id|response_id|generation_id|created|artifactId)":(?:"[^"]*"|\d+)/g, '')

async function whole(client: BedrockRuntimeClient, { modelId, body }: Model): Promise<string> {
  const answer = await client.send(new InvokeModelCommand({ modelId, body, contentType: 'application/json' }))
  return steady(Buffer.from(answer.body).toString())
}

async function streamed(client: BedrockRuntimeClient, { modelId, body }: Model): Promise<string[]> {
  const answer = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body }))
  const chunks: string[] = []
  for await (const event of answer.body ?? []) chunks.push(steady(Buffer.from(event.chunk?.bytes ?? []).toString()))
  return chunks
}

const nonZero = (usage: Readonly<Record<string, number | null>>): Record<string, number | null> =>
  Object.fromEntries(Object.entries(usage).filter(([, quantity]) => quantity !== 0))

/** The newest entry, and the usage billed for it. */
async function accounted(): Promise<{ entry: LedgerLine; billed: Record<string, number> }> {
  const page = await harness.admin('GET', 'ledger?limit=1')
  const [entry] = page.entries as [LedgerLine]
  const billed = harness.simulator.bill().find((call) => call.request_id === entry.upstream_request_id)
  return { entry, billed: nonZero(billed?.usage ?? {}) as Record<string, number> }
}

/** The length of what a model is shown or played is nowhere in its answer: the service alone knows it. */
const UNKNOWABLE = ['input_seconds']

function expectAgreement(entry: LedgerLine, billed: Record<string, number>): void {
  expect(entry).toMatchObject({ ending: 'completed', tier: 'standard', estimated: false })
  expect(Object.keys(billed).length).toBeGreaterThan(0)
  const said = nonZero(entry.usage ?? {})
  for (const dimension of UNKNOWABLE) {
    if (dimension in billed && said[dimension] === null) billed[dimension] = said[dimension] as unknown as number
  }
  expect(said).toEqual(billed)
}

describe.each(FAMILIES.map(({ name }) => name).filter((name) => MODELS.some(({ family }) => family === name)))(
  '%s',
  (name) => {
    const models = MODELS.filter(({ family }) => family === name)

    it.each(models.map((model) => [model.modelId, model] as const))(
      '%s answers as directly, and is charged as billed',
      async (_id, model) => {
        expect(await whole(through, model)).toBe(await whole(direct, model))
        const { entry, billed } = await accounted()
        expectAgreement(entry, billed)
        expect(entry.base_model).toBe(model.card.modelId)
      },
    )

    const streaming = models.filter(({ card }) => card.streaming)
    if (streaming.length === 0) return
    it('streams as directly, and is charged as billed', async () => {
      for (const model of streaming) {
        expect(await streamed(through, model)).toEqual(await streamed(direct, model))
        const { entry, billed } = await accounted()
        expectAgreement(entry, billed)
      }
    })
  },
)
