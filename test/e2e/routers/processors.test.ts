// Processors of path routers over real sockets: what they may do to a call, and that a bad one harms no other call.

import { existsSync, readdirSync, readFileSync, rmSync, statSync, mkdtempSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestTenant } from '../harness.ts'
import { BEHAVIOURS, routersWithProcessors, type Fields } from './processor-file.ts'
import { ask, bearer, JSON_TYPE, startRouterWorld, type Answered, type RouterWorld } from './world.ts'

type Record_ = {
  request: Fields
  response: Fields
  transaction_id: string
  tenant_id: string
  [timer: string]: unknown
}

let world: RouterWorld
let team: TestTenant
let other: TestTenant
let processors: Server
let sink: Server
let folder: string
let sinkStatus = 200
const logged: Record_[] = []
const seen: { readonly path: string; readonly fields: Fields }[] = []

const listening = (server: Server): Promise<string> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })

const reading = (act: (body: string, path: string, response: ServerResponse) => void): Server =>
  createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => act(Buffer.concat(chunks).toString(), request.url ?? '', response))
  })

beforeAll(async () => {
  processors = reading((body, path, response) => {
    const fields = JSON.parse(body) as Fields
    seen.push({ path, fields })
    BEHAVIOURS[path]?.(fields, response)
  })
  sink = reading((body, _, response) => {
    if (sinkStatus === 200) logged.push(JSON.parse(body) as Record_)
    response.writeHead(sinkStatus).end()
  })
  const [at, log] = [await listening(processors), await listening(sink)]
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-processors-'))
  world = await startRouterWorld({
    routers: (url) => routersWithProcessors({ upstream: url, processors: at, log, folder }),
    settings: { WEIGHBRIDGE_DATA_DIR: join(folder, 'data') },
    answer: (request, response) => {
      if (request.url?.includes('stream') === true) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.end('data: {"a":1}\n\n')
        return
      }
      const failing = request.url?.startsWith('/bad') === true
      const body = JSON.stringify({ ok: !failing, text: 'see ```json{"a":1}```' })
      response.writeHead(failing ? 503 : 200, { 'content-type': 'application/json', 'content-length': body.length })
      response.end(body)
    },
  })
  team = await world.tenant('team')
  other = await world.tenant('other')
})

afterAll(async () => {
  await world.close()
  for (const server of [processors, sink]) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  rmSync(folder, { recursive: true })
})

const call = (
  path: string,
  body: object = { prompt: 'hello' },
  who: () => TestTenant = () => team,
): Promise<Answered> =>
  ask(world.url, path, { body: JSON.stringify(body), headers: { ...bearer(who().secret), ...JSON_TYPE } })

const lastBody = (): unknown => JSON.parse(world.last().body)

/** The record of the call that was answered. */
async function recordOf(answer: Answered): Promise<Record_> {
  const id = answer.headers['session-id']
  await expect.poll(() => logged.some((one) => one.transaction_id === id), { timeout: 10_000 }).toBe(true)
  return logged.find((one) => one.transaction_id === id) as Record_
}

const notesOf = (record: Record_, side: 'request' | 'response' = 'request'): string =>
  JSON.stringify(record[side]['error'] ?? '')

describe('a bad processor', () => {
  it.each([
    ['/hang/', 'had no answer after 60 ms'],
    ['/crash/', 'broke off'],
    ['/large/', 'more than 1048576 bytes'],
    ['/garbage/', 'not a JSON object'],
  ])('that is not required, on %s, is noted and skipped', async (path, words) => {
    const answer = await call(`${path}x`)
    expect(answer.status).toBe(200)
    expect(lastBody()).toEqual({ prompt: 'hello' })
    const record = await recordOf(answer)
    expect(notesOf(record)).toContain(words)
    expect(record.request['processors']).toMatchObject([{ details: { required: false, completed: false } }])
  })

  it('writes only what it may', async () => {
    const answer = await call('/greedy/x')
    expect([answer.status, lastBody()]).toEqual([200, { prompt: 'hello' }])
    const record = await recordOf(answer)
    expect(record.request).toMatchObject({ note: 1, gl_path: '/greedy/', ingress_payload: { prompt: 'hello' } })
    expect(notesOf(record)).toContain('gl_path')
    expect(notesOf(record)).toContain('an annotator may only add')
  })

  it('that is required refuses the call with 500, and nothing is sent', async () => {
    const before = world.upstream.received.length
    const answer = await call('/must/x')
    expect([answer.status, answer.json()]).toEqual([500, expect.objectContaining({ error: 'internal server error' })])
    expect(world.upstream.received.length).toBe(before)
  })

  it('that is required for an answer refuses it with 500; what was used is in the ledger', async () => {
    const before = (await world.ledger()).length
    const answer = await call('/mustanswer/x')
    expect([answer.status, answer.json()]).toEqual([500, expect.objectContaining({ error: 'internal server error' })])
    expect((await world.ledger()).length).toBe(before + 1)
  })

  it('keeps nobody else waiting, of this tenant or another', async () => {
    const slow = Array.from({ length: 20 }, () => call('/hang/x'))
    const quick = await Promise.all([
      call('/plain/x'),
      call('/plain/x', {}, () => other),
      call('/rewrite/x', {}, () => other),
    ])
    expect(quick.map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await Promise.all(slow)).every(({ status }) => status === 200)).toBe(true)
  })

  it('that is a module in an endless loop, or that ends its thread, is noted, and the next call has it again', async () => {
    const loop = call('/module/x', { do: 'loop' })
    expect((await call('/plain/x', {}, () => other)).status).toBe(200)
    expect((await loop).status).toBe(200)
    expect(notesOf(await recordOf(await call('/module/x', { do: 'exit' })))).toContain('crashed')
    await expect
      .poll(async () => (await call('/module/x', { a: 1 }), lastBody()), { timeout: 20_000 })
      .toEqual({ a: 1, module: true })
  }, 40_000)

  it('that does not take a call sends it nowhere: a router that there is not is 500', async () => {
    expect((await call('/nowhere/x')).status).toBe(500)
  })
})

describe('a processor', () => {
  it('changes what goes out, and no header that is not its to change', async () => {
    expect((await call('/rewrite/x')).status).toBe(200)
    expect(lastBody()).toEqual({ prompt: 'hello', added: true })
    expect(world.headerOf('x-added')).toEqual(['yes'])
    expect(world.headerOf('host').join()).not.toContain('evil')
    expect(world.headerOf('content-length')).toEqual([String(Buffer.byteLength(world.last().body))])
  })

  it('runs row by row; of two beside each other the first listed counts, whoever is faster', async () => {
    const answer = await call('/order/x')
    expect(lastBody()).toEqual({ by: 'first', later: 'after' })
    expect(notesOf(await recordOf(answer))).toContain('\\"first\\" beside it wrote it too')
  })

  it('answers with "control": nothing is sent, later rows do not run, and there is one entry that costs nothing', async () => {
    const before = { sent: world.upstream.received.length, entries: (await world.ledger()).length }
    const answer = await call('/control/x')
    expect([answer.status, answer.json()]).toEqual([451, { is_toxic: true }])
    expect(world.upstream.received.length).toBe(before.sent)
    const entries = await world.ledger()
    expect(entries.length).toBe(before.entries + 1)
    expect(entries.at(-1)).toMatchObject({ tenant_id: 'team', cost_usd: '0' })
    expect(seen.some(({ path, fields }) => path === '/after' && fields['gl_path'] === '/control/')).toBe(false)
  })

  it('sends a call to another router, whose own rules hold', async () => {
    const answer = await call('/reroute/deep/x')
    expect([answer.status, world.last().target]).toEqual([200, '/target/deep/x'])
    expect((await recordOf(answer)).request).toMatchObject({ gl_path: '/target/', original_gl_path: '/reroute/' })
    const before = world.upstream.received.length
    expect((await call('/strictly/x')).status).toBe(401)
    expect(world.upstream.received.length).toBe(before)
  })

  it('changes an answer, and its status', async () => {
    const answer = await call('/answer/x')
    expect([answer.status, answer.json()]).toEqual([202, expect.objectContaining({ ok: true, extra: 1 })])
    expect(answer.headers['content-length']).toBe(String(answer.body.length))
    expect((await recordOf(answer)).response).toMatchObject({ inbound_status_code: 200, egress_status_code: 202 })
  })

  it('leaves a stream as it is', async () => {
    const answer = await call('/answer/stream')
    expect([answer.status, answer.body]).toEqual([200, 'data: {"a":1}\n\n'])
  })

  it('that only adds never delays the answer', async () => {
    const answer = await call('/note/x')
    // the one beside it has not answered yet, and will not
    expect(logged.some((one) => one.transaction_id === answer.headers['session-id'])).toBe(false)
    const record = await recordOf(answer)
    expect(record.response['my_note']).toBe('late')
    expect(notesOf(record, 'response')).toContain('had no answer after 700 ms')
  })

  it('sees no credential', async () => {
    await call('/rewrite/x')
    expect(seen.length).toBeGreaterThan(0)
    expect(JSON.stringify(seen)).not.toContain(team.secret)
    expect(JSON.stringify(seen)).not.toContain(other.secret)
    expect(seen.at(-1)?.fields['ingress_headers']).toMatchObject({ Authorization: ['*****MASKED*****'] })
  })
})

describe('what comes with the gateway', () => {
  it('replays what was recorded, to the tenant that it was recorded from', async () => {
    expect((await call('/record/x')).status).toBe(200)
    const before = world.upstream.received.length
    await expect.poll(async () => (await call('/mock/record/x')).status, { timeout: 10_000 }).toBe(200)
    expect((await call('/mock/record/x')).json()).toMatchObject({ ok: true })
    expect((await call('/mock/record/x', {}, () => other)).status).toBe(404)
    expect(world.upstream.received.length).toBe(before)
  })

  it('finds sections of an answer', async () => {
    const answer = await call('/sections/x')
    expect(answer.json()['regex']).toEqual({ match: true, sections: [{ text: '{"a":1}', object: { a: 1 } }] })
  })

  it('lets a guardrail judge, as a call of the tenant that is metered', async () => {
    const before = { sent: world.upstream.received.length, entries: (await world.ledger()).length }
    const stopped = await call('/guarded/x', { prompt: 'say the blockedword' })
    expect([stopped.status, stopped.json()]).toEqual([403, expect.objectContaining({ is_blocked: true })])
    expect(world.upstream.received.length).toBe(before.sent)
    const entries = (await world.ledger()).slice(before.entries)
    expect(entries.map((entry) => entry.operation)).toContain('ApplyGuardrail')
    expect(entries.map((entry) => entry.tenant_id)).toEqual(['team', 'team'])
    expect((await call('/guarded/x', { prompt: 'be kind' })).status).toBe(200)
    // what nobody can judge does not pass
    expect((await call('/guarded/x', { other: 'text' })).status).toBe(500)
  })

  it('spreads calls over routers, leaves one alone that failed, and lets nobody in but through it', async () => {
    for (let count = 0; count < 40; count++) await call('/broker/x')
    const targets = world.upstream.received.map(({ target }) => target)
    expect(targets.filter((target) => target === '/bad/x')).toHaveLength(1)
    expect(targets.filter((target) => target === '/good/x').length).toBeGreaterThan(30)
    expect((await call('/good/x')).status).toBe(404)
  })
})

describe('the call log', () => {
  it('has one record of each call of a router that is logged, with the five timers, and none of another', async () => {
    const answer = await call('/target/a?b=c&b=d', { secret: 'words' })
    const record = await recordOf(answer)
    expect(record).toMatchObject({
      tenant_id: 'team',
      request: {
        gl_path: '/target/',
        ingress_subpath: 'a',
        ingress_query_parameters: [{ name: 'b', details: ['c', 'd'] }],
        ingress_payload: { secret: 'words' },
        outbound_payload: { secret: 'words' },
        url: `${world.upstream.url}/target/a?b=c&b=d`,
      },
      response: { inbound_status_code: 200, egress_status_code: 200, egress_payload: { ok: true } },
    })
    const timers = [
      record['ingress_egress_timer'],
      record['egress_post_timer'],
      record.request['ingress_outbound_timer'],
      record.response['outbound_inbound_timer'],
      record.response['inbound_egress_timer'],
    ]
    for (const timer of timers) expect(timer).toMatchObject({ duration: expect.any(Number) as number })
    expect(record.request['outbound_subpath']).toBeUndefined()
    await call('/plain/x', { secret: 'PLAINWORDS' })
    await recordOf(await call('/target/a'))
    expect(JSON.stringify(logged)).not.toContain('PLAINWORDS')
  })

  it('holds no credential', async () => {
    await recordOf(await call('/target/a'))
    const text = JSON.stringify(logged)
    for (const secret of [team.secret, other.secret, team.secret.split('_').at(-1) ?? '']) {
      expect(secret.length).toBeGreaterThan(12)
      expect(text).not.toContain(secret)
    }
  })

  it('lists the last calls for operators, without a word of them', async () => {
    const answer = await call('/target/a', { secret: 'RECENTWORDS' })
    const listed = await world.admin('GET', 'calls?limit=5&router=/target/')
    const [newest] = listed['calls'] as Fields[]
    expect(newest).toMatchObject({
      transaction_id: answer.headers['session-id'],
      router: '/target/',
      status: 200,
      tenant_id: 'team',
    })
    expect(JSON.stringify(listed)).not.toContain('RECENTWORDS')
  })

  it('waits while its place is away, and keeps over a stop what it did not take', async () => {
    sinkStatus = 503
    const answer = await call('/target/a', { kept: 'KEPTWORDS' })
    await world.gateway.stop()
    const spool = join(folder, 'data', 'call-log')
    const kept = readdirSync(spool).map((name) => readFileSync(join(spool, name), 'utf8'))
    expect(kept.join('')).toContain(String(answer.headers['session-id']))
    expect(existsSync(spool) && statSync(join(spool, readdirSync(spool)[0] ?? '')).mode & 0o077).toBe(0)
  })
})
