// Answers that are fetched by polling: there for their key, once, also after a crash; paid by who started the call, polled or not.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseScenario } from '../../simulator/scenario.ts'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts'

const MODEL = 'amazon.nova-lite-v1:0'
const STALLS = 'meta.llama3-8b-instruct-v1:0'
const SECRET_PROMPT = 'canary-7f1c'

const scenario = parseScenario({ rules: [{ match: { model_id: STALLS }, faults: ['stall:at=before_headers'] }] })

let simulator: RunningSimulator
let gateway: GatewayProcess
let dataDir: string
let keys: { shared: string; other: string }

const boot = (): Promise<GatewayProcess> =>
  startGatewayProcess({ dataDir, simulatorUrl: simulator.url, settings: { WEIGHBRIDGE_POLL_RESULT_SECONDS: '30' } })

beforeAll(async () => {
  simulator = await startSimulator({ scenario })
  dataDir = mkdtempSync(join(tmpdir(), 'weighbridge-polls-'))
  gateway = await boot()
  for (const id of ['team-a', 'team-b']) await gateway.tenant(id)
  await gateway.tenant('closed', { allowed_models: ['cohere.*'] })
  await gateway.admin('POST', 'tenants', { id: 'unit', name: 'unit', allowed_models: ['*'] })
  const keyOf = async (name: string) =>
    String(
      (await gateway.admin('POST', 'tenants/unit/keys', { name, may_act_for: ['team-a', 'team-b', 'closed'] }))[
        'secret'
      ],
    )
  keys = { shared: await keyOf('shared'), other: await keyOf('other') }
})

afterAll(async () => {
  await gateway.kill()
  await simulator.close()
  rmSync(dataDir, { recursive: true, force: true })
})

type Polled = { status: number; state: string | null; body: Record<string, unknown>[] }

async function send(query: string, body: unknown, over: Record<string, string> = {}, model = MODEL): Promise<Polled> {
  const response = await fetch(`${gateway.url}/demo/invoke_model?model_id=${encodeURIComponent(model)}${query}`, {
    method: 'POST',
    headers: { 'x-api-key': keys.shared, team_id: 'team-a', streaming: 'true', ...over },
    body: JSON.stringify(body),
  })
  return {
    status: response.status,
    state: response.headers.get('x-weighbridge-poll-state'),
    body: (await response.json()) as Record<string, unknown>[],
  }
}

const start = async (
  over: Record<string, string> = {},
  inputs: unknown = SECRET_PROMPT,
  model = MODEL,
): Promise<string> => {
  const started = await send('', { inputs }, over, model)
  expect(started).toMatchObject({ status: 200, state: 'pending' })
  return String(started.body[0]?.['request_id'])
}
/** As the clients of the samples do it: all headers again, an empty body. */
const poll = (id: string, over: Record<string, string> = {}): Promise<Polled> => send(`&requestId=${id}`, {}, over)
const entryOf = async (id: string) => (await gateway.ledger()).find((entry) => entry.request_id === id)

async function pollUntil(id: string, key: 'generated_text', over: Record<string, string> = {}): Promise<Polled> {
  for (;;) {
    const answer = await poll(id, over)
    if (answer.body[0]?.[key] !== undefined) return answer
    expect(answer).toMatchObject({ status: 200, state: 'pending', body: [{ request_id: id }] })
  }
}

describe('an answer that is fetched later', () => {
  it('is pending, then there, then gone; and its prompt and text are in no file', async () => {
    const id = await start()
    const done = await pollUntil(id, 'generated_text')
    expect(done).toMatchObject({ status: 200, state: 'done' })
    const text = String(done.body[0]?.['generated_text'])
    expect(text).not.toBe('')
    // read once: old clients see what they saw, those that ask are told
    await expect.poll(() => poll(id)).toMatchObject({ status: 200, state: 'gone', body: [{ request_id: id }] })
    expect(await poll(id, { 'x-weighbridge-poll-state': 'tell' })).toMatchObject({ status: 410, state: 'gone' })
    const kept = await start()
    await expect.poll(() => entryOf(kept)).toBeDefined()
    for (const file of readdirSync(join(dataDir, 'polls'))) {
      const content = readFileSync(join(dataDir, 'polls', file)).toString('latin1')
      expect(content.includes(text.slice(0, 12)) || content.includes(SECRET_PROMPT)).toBe(false)
    }
  })

  it('comes with messages too, and headers may be repeated on the poll', async () => {
    const messages = [{ role: 'user', content: [{ text: 'Hi' }] }]
    const id = await start({ messages_api: 'true' }, messages)
    expect(await pollUntil(id, 'generated_text', { messages_api: 'true' })).toMatchObject({ status: 200 })
  })

  it('is not for another key, and not lost by its asking', async () => {
    const id = await start()
    await expect.poll(() => entryOf(id)).toBeDefined()
    expect(await poll(id, { 'x-api-key': keys.other })).toMatchObject({
      status: 200,
      state: 'gone',
      body: [{ request_id: id }],
    })
    expect(await pollUntil(id, 'generated_text')).toMatchObject({ state: 'done' })
  })

  it('is charged to the team that started the call, whoever polls, and when nobody does', async () => {
    const id = await start()
    await pollUntil(id, 'generated_text', { team_id: 'team-b' })
    const never = await start()
    await expect.poll(() => entryOf(never)).toMatchObject({ tenant_id: 'team-a', ending: 'completed' })
    expect(await entryOf(id)).toMatchObject({ tenant_id: 'team-a', ending: 'completed', surface: 'facade' })
    expect((await gateway.ledger()).filter((entry) => entry.tenant_id === 'team-b')).toEqual([])
  })

  it('does not come when the call is refused: the refusal does', async () => {
    const refused = await send('', { inputs: 'Hi' }, { team_id: 'closed' })
    expect(refused).toMatchObject({
      status: 403,
      body: [{ generated_text: expect.stringContaining('may not call') as string }],
    })
    expect(await send('', { inputs: 7 })).toMatchObject({ status: 400 })
  })

  it('that Bedrock refused is 500 with its sentence, once', async () => {
    const id = await start({}, '')
    const failed = await pollUntil(id, 'generated_text')
    expect(failed).toMatchObject({ status: 500, state: 'failed' })
    expect(String(failed.body[0]?.['generated_text'])).toMatch(/^[A-Z]/)
    await expect.poll(() => poll(id)).toMatchObject({ state: 'gone' })
  })

  it.each(['', 'x'.repeat(129), '../../polls', "' OR 1=1"])('of the id %j is none', async (id) => {
    const answer = await send(`&requestId=${encodeURIComponent(id)}`, { inputs: 'Hi' })
    if (id === '') expect(answer.body[0]).toHaveProperty('request_id')
    else if (id.length > 128) expect(answer.status).toBe(400)
    else expect(answer).toMatchObject({ status: 200, state: 'gone' })
  })
})

async function runningCalls(): Promise<number> {
  const response = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${gateway.adminToken}` } })
  return Number(/^weighbridge_running_calls (\d+)$/m.exec(await response.text())?.[1])
}

describe('a crash', () => {
  it('loses no answer that was there, and says of a call that ran that its answer is lost', async () => {
    const kept = await start()
    await expect.poll(() => entryOf(kept)).toMatchObject({ ending: 'completed' })
    await expect
      .poll(async () => readdirSync(join(dataDir, 'polls')).every((file) => file.endsWith('.poll')))
      .toBe(true)
    const running = await start({}, 'Hi', STALLS)
    // one whose client waits for events, and has none yet
    const waiting = send('', { inputs: 'Hi' }, { accept: 'text/event-stream' }, STALLS).catch(() => 'broken off')
    await expect.poll(runningCalls).toBe(2)
    await runningCalls()
    await gateway.kill()
    gateway = await boot()
    expect(await waiting).toBe('broken off')
    expect((await gateway.ledger()).filter(({ ending }) => ending === 'recovered')).toHaveLength(2)
    expect(await poll(running)).toMatchObject({
      status: 500,
      state: 'failed',
      body: [{ generated_text: expect.stringContaining('gateway stopped') as string }],
    })
    expect(await entryOf(running)).toMatchObject({ ending: 'recovered', tenant_id: 'team-a', estimated: true })
    expect(await poll(kept)).toMatchObject({ status: 200, state: 'done' })
    await expect.poll(() => poll(kept)).toMatchObject({ state: 'gone' })
  }, 60_000)
})
