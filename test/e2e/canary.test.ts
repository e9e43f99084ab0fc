// No credential, prompt or completion ever reaches the log, the data folder or the metrics, whatever the path and the log level.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import { TEST_ADMIN_TOKEN, type TestTenant } from './admin-client.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'

const CANARIES = {
  prompt: 'CANARYpromptQ7X2',
  header: 'CANARYheaderQ7X2',
  bearer: 'CANARYbearerQ7X2',
  session: 'CANARYsessionQ7X2',
  metadata: 'CANARYmetadataQ7X2',
  query: 'CANARYqueryQ7X2',
}
const FAULTS = ['error:type=ValidationException', 'reset:at=before_headers', 'truncated_json', 'plain_error:status=502']
const COMPLETION_WORDS = 40

let folder: string
let simulator: RunningSimulator
let gateway: GatewayProcess
let tenant: TestTenant
const answers: string[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-canary-'))
  simulator = await startSimulator({
    scenario: parseScenario({
      rules: FAULTS.map((fault) => ({ match: { request_metadata: { team: fault } }, faults: [fault] })),
    }),
  })
  gateway = await startGatewayProcess({
    dataDir: folder,
    simulatorUrl: simulator.url,
    settings: { WEIGHBRIDGE_LOG_LEVEL: 'debug', WEIGHBRIDGE_METADATA_KEYS: 'team' },
  })
  tenant = await gateway.tenant('team-a')
  await sendCanaries()
})

afterAll(async () => {
  await gateway.kill()
  await simulator.close()
  rmSync(folder, { recursive: true, force: true })
})

async function send(path: string, headers: Record<string, string>, body: string): Promise<void> {
  try {
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-canary': CANARIES.header, cookie: CANARIES.header, ...headers },
      body,
    })
    answers.push(await response.text())
  } catch {
    // A broken-off answer is one of the ways out that must keep quiet too.
  }
}

async function sendCanaries(): Promise<void> {
  const good = { authorization: `Bearer ${tenant.secret}` }
  const body = (extra: object = {}): string =>
    JSON.stringify({
      messages: [{ role: 'user', content: [{ text: `${CANARIES.prompt}: answer in ${COMPLETION_WORDS} words` }] }],
      requestMetadata: { team: 'blue', other: CANARIES.metadata },
      ...extra,
    })
  const model = '/model/amazon.nova-lite-v1:0'
  await send(`${model}/converse`, good, body())
  await send(`${model}/converse-stream?x=${CANARIES.query}`, good, body())
  await send(`${model}/converse`, { authorization: `Bearer wb_nobody_${CANARIES.bearer}` }, body())
  await send(`${model}/converse`, { 'x-api-key': CANARIES.bearer }, body())
  await send(`${model}/converse`, { authorization: `AWS4-HMAC-SHA256 Credential=${CANARIES.bearer}/x` }, body())
  await send(`${model}/converse`, { ...good, 'x-amz-security-token': CANARIES.session }, body())
  await send(`${model}/converse`, good, `{"messages": "${CANARIES.prompt}", "messages": 1}`)
  await send(`${model}/converse`, good, `{"messages": ["${CANARIES.prompt}"`)
  await send(`/model/${CANARIES.query}/converse`, good, body())
  for (const fault of FAULTS) {
    await send(`${model}/converse`, good, body({ requestMetadata: { team: fault, other: CANARIES.metadata } }))
  }
  await sendTranslatedCanaries(good)
}

/** The same by the dialects that are translated: answered, streamed, and refused where they are read. */
async function sendTranslatedCanaries(good: Record<string, string>): Promise<void> {
  const words = `${CANARIES.prompt}: answer in ${COMPLETION_WORDS} words`
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: `{"${CANARIES.prompt}` } }
  const asked = (messages: unknown, extra: object = {}): string =>
    JSON.stringify({ model: 'amazon.nova-lite-v1:0', max_tokens: 60, messages, ...extra })
  const user = [{ role: 'user', content: words }]
  for (const extra of [{}, { stream: true }]) {
    const metadata = { other: CANARIES.metadata }
    await send('/v1/chat/completions', good, asked(user, { ...extra, metadata, user: CANARIES.metadata }))
    await send('/anthropic/v1/messages', good, asked(user, { ...extra, metadata: { user_id: CANARIES.metadata } }))
    const response = { model: 'amazon.nova-lite-v1:0', input: words, instructions: CANARIES.prompt, ...extra }
    await send('/openai/v1/responses', good, JSON.stringify(response))
  }
  await send('/v1/chat/completions', good, asked([{ role: 'assistant', tool_calls: [call] }]))
  await send('/v1/chat/completions', good, asked([{ role: 'user', content: [{ text: CANARIES.prompt, type: 7 }] }]))
  await send('/v1/chat/completions', good, `{"model": "x", "messages": ["${CANARIES.prompt}"`)
  await send('/v1/chat/completions', { authorization: `Bearer ${CANARIES.bearer}` }, asked(user))
}

/** Every file below the folder, as text. */
function filesOf(path: string): { readonly name: string; readonly text: string }[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((name) => statSync(name).isFile())
    .map((name) => ({ name, text: readFileSync(name, 'latin1') }))
}

async function metricsText(): Promise<string> {
  const response = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${TEST_ADMIN_TOKEN}` } })
  return response.text()
}

describe('the canary', () => {
  it('sang: the calls went through the gateway, and its ways out were taken', async () => {
    const entries = await gateway.ledger()
    expect(entries.filter((entry) => entry.ending === 'completed').length).toBeGreaterThanOrEqual(3)
    expect(entries.length).toBeGreaterThanOrEqual(3 + FAULTS.length)
    expect(answers.some((answer) => answer.includes('message'))).toBe(true)
  })

  it.each(Object.entries(CANARIES))('%s is not in the log, the data folder or the metrics', async (name, canary) => {
    const places = [
      { name: 'log', text: gateway.output() },
      { name: 'metrics', text: await metricsText() },
      ...filesOf(folder),
    ]
    expect(places.length).toBeGreaterThan(4)
    // A model id is what the ledger is about: one that the caller invented stands in no entry, because no call was admitted.
    expect(places.filter((place) => place.text.includes(canary)).map((place) => `${name} in ${place.name}`)).toEqual([])
  })

  it('neither are the secrets of the key and of the admin, and no completion', async () => {
    const completion = completionOf(answers[0] ?? '')
    const secrets = [tenant.secret, tenant.secret.split('_').at(-1) ?? '', tenant.secretAccessKey, completion]
    for (const secret of secrets) expect(secret.length).toBeGreaterThan(12)
    const places = [
      { name: 'log', text: gateway.output() },
      { name: 'metrics', text: await metricsText() },
      ...filesOf(folder),
    ]
    const leaks = places.flatMap((place) =>
      secrets.filter((secret) => place.text.includes(secret)).map(() => place.name),
    )
    expect(leaks).toEqual([])
    expect(places.filter((place) => place.text.includes(TEST_ADMIN_TOKEN)).map((place) => place.name)).toEqual([])
  })
})

function completionOf(answer: string): string {
  const parsed = JSON.parse(answer) as { output: { message: { content: { text: string }[] } } }
  return parsed.output.message.content[0]?.text.slice(0, 40) ?? ''
}
