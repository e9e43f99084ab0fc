// The demo's traffic: what three tenants ask, what each call cost, one refusal by budget, and the check against the simulator's bill.

import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { explained } from './cli/ledger.ts'

/** Calls the control plane: path below /admin/v1/. */
export type AdminClient = (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>

export type DemoTenant = {
  readonly id: string
  readonly secret: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

type DemoQuestion = {
  readonly gatewayUrl: string
  readonly simulatorUrl: string
  readonly tenants: readonly DemoTenant[]
  readonly admin: AdminClient
  readonly print: (line: string) => void
}

const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'
const SONNET = 'global.anthropic.claude-sonnet-4-5-20250929-v1:0'
const NOVA = 'amazon.nova-lite-v1:0'
const EMBEDDINGS = 'amazon.titan-embed-text-v2:0'
const MOST_TRIAL_CALLS = 200

/** True when ledger and bill agree to the last token. */
export async function demoTraffic(question: DemoQuestion): Promise<boolean> {
  const { tenants, gatewayUrl, print, admin } = question
  const [research, support, interns] = tenants.map((tenant) => clientOf(gatewayUrl, tenant))
  if (research === undefined || support === undefined || interns === undefined)
    throw new Error('the demo needs three tenants')
  const began = performance.now()
  await converse(research, SONNET, 'Describe a weighbridge in 120 words.')
  print(`First answer after ${Math.round(performance.now() - began)} ms.`)
  for (const words of [40, 80, 160]) {
    await stream(research, SONNET, `Explain what a ledger is in ${words} words.`)
    await converse(support, HAIKU, `Answer a support question in ${words} words.`)
    await converse(support, NOVA, `Summarise a ticket in ${words} words.`)
  }
  await embed(research, 'How heavy is a lorry?')
  const refusal = await untilRefused(interns)
  await printCosts(admin, print)
  print(
    `The tenant "interns" has a hard budget of $0.002 a month. Its next call was refused before it reached Bedrock:`,
  )
  print(`  ${refusal.words}`)
  print('')
  print(`Why, as "wb explain ${refusal.requestId}" says it:`)
  print('')
  for (const line of explained(await admin('GET', `requests/${refusal.requestId}`))
    .trimEnd()
    .split('\n'))
    print(`  ${line}`)
  print('')
  const refusedModel = await refused(() => converse(support, SONNET, 'May I?'))
  print('The tenant "support" may not call Claude Sonnet:')
  print(`  ${refusedModel?.words}`)
  print('')
  return checkAgainstBill(question)
}

function clientOf(endpoint: string, tenant: DemoTenant): BedrockRuntimeClient {
  const { accessKeyId, secretAccessKey } = tenant
  return new BedrockRuntimeClient({ region: 'us-east-1', endpoint, credentials: { accessKeyId, secretAccessKey } })
}

async function converse(client: BedrockRuntimeClient, modelId: string, text: string): Promise<void> {
  const messages = [{ role: 'user' as const, content: [{ text }] }]
  await client.send(new ConverseCommand({ modelId, messages, inferenceConfig: { maxTokens: 400 } }))
}

async function stream(client: BedrockRuntimeClient, modelId: string, text: string): Promise<void> {
  const messages = [{ role: 'user' as const, content: [{ text }] }]
  const answer = await client.send(
    new ConverseStreamCommand({ modelId, messages, inferenceConfig: { maxTokens: 400 } }),
  )
  for await (const event of answer.stream ?? []) {
    if (event.modelStreamErrorException !== undefined) throw event.modelStreamErrorException
  }
}

async function embed(client: BedrockRuntimeClient, inputText: string): Promise<void> {
  await client.send(
    new InvokeModelCommand({
      modelId: EMBEDDINGS,
      contentType: 'application/json',
      body: JSON.stringify({ inputText }),
    }),
  )
}

/** Calls until the budget says no. */
async function untilRefused(client: BedrockRuntimeClient): Promise<Refused> {
  for (let count = 0; count < MOST_TRIAL_CALLS; count += 1) {
    const refusal = await refused(() => converse(client, NOVA, 'Write a poem in 300 words.'))
    if (refusal !== null) return refusal
  }
  throw new Error('the budget never refused a call')
}

type Refused = { readonly words: string; readonly requestId: string }

async function refused(call: () => Promise<void>): Promise<Refused | null> {
  try {
    await call()
    return null
  } catch (thrown) {
    if (!(thrown instanceof BedrockRuntimeServiceException)) throw thrown
    return { words: `${thrown.name}: ${thrown.message}`, requestId: thrown.$metadata.requestId ?? '' }
  }
}

type SpendRow = {
  readonly tenant: string
  readonly model: string
  readonly calls: number
  readonly cost: string | null
}

async function printCosts(admin: AdminClient, print: (line: string) => void): Promise<void> {
  const now = Date.now()
  const from = new Date(now - 86_400_000).toISOString()
  const to = new Date(now + 86_400_000).toISOString()
  const report = await admin('GET', `reports/spend?from=${from}&to=${to}&group_by=tenant,model`)
  const rows = (report.rows as Record<string, unknown>[]).map(
    (row): SpendRow => ({
      tenant: String(row.tenant),
      model: String(row.model),
      calls: Number(row.calls),
      cost: typeof row.cost_usd === 'string' ? row.cost_usd : null,
    }),
  )
  print('')
  print(`${'tenant'.padEnd(10)} ${'model'.padEnd(50)} ${'calls'.padStart(5)}  cost (USD)`)
  for (const { tenant, model, calls, cost } of rows) {
    print(`${tenant.padEnd(10)} ${model.padEnd(50)} ${String(calls).padStart(5)}  ${cost ?? 'no price known'}`)
  }
  print('')
}

type BilledCall = { readonly request_id: string; readonly usage: Readonly<Record<string, number>> }

/** Every call that the simulator bills against its ledger entry, dimension by dimension. */
async function checkAgainstBill({ simulatorUrl, admin, print }: DemoQuestion): Promise<boolean> {
  const bill = (await (await fetch(`${simulatorUrl}/_simulator/bill`)).json()) as { calls: BilledCall[] }
  const ledger = (await admin('GET', 'ledger?limit=1000')).entries as Record<string, unknown>[]
  const byUpstreamId = new Map(ledger.map((entry) => [String(entry.upstream_request_id), entry]))
  const wrong = bill.calls.filter((call) => !sameUsage(call.usage, byUpstreamId.get(call.request_id)?.usage))
  const agreed = wrong.length === 0 && bill.calls.length === ledger.length
  print(
    agreed
      ? `Checked: ${ledger.length} ledger entries equal the ${bill.calls.length} calls that the simulator bills, token by token.`
      : `NOT EQUAL: ${ledger.length} ledger entries, ${bill.calls.length} billed calls, ${wrong.length} differ.`,
  )
  print('')
  return agreed
}

function sameUsage(billed: Readonly<Record<string, number>>, measured: unknown): boolean {
  if (typeof measured !== 'object' || measured === null) return false
  const quantities = new Map(Object.entries(measured).filter(([, quantity]) => quantity !== 0))
  const expected = Object.entries(billed).filter(([dimension, quantity]) => quantity !== 0 && dimension !== 'requests')
  return (
    expected.length === quantities.size &&
    expected.every(([dimension, quantity]) => quantities.get(dimension) === quantity)
  )
}
