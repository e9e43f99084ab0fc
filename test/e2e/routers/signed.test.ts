// Clients that signed for the real service themselves, through a router; and clients that take the gateway for their proxy.

import { createHash, createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime'
import { SignatureV4 } from '@smithy/signature-v4'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type RunningSimulator } from '../../../simulator/server.ts'
import type { TestTenant } from '../harness.ts'
import { ask, startRouterWorld, type RouterWorld } from './world.ts'

const MODEL = 'amazon.nova-lite-v1:0'
const PATH = `/model/${encodeURIComponent(MODEL)}/converse`
const BODY = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Say something.' }] }] })
const HOST = 'bedrock-runtime.us-east-1.amazonaws.com'

let real: RunningSimulator
let world: RouterWorld
let owner: TestTenant
let other: TestTenant

beforeAll(async () => {
  real = await startSimulator()
  world = await startRouterWorld({
    routers: (recorder) => ({
      proxy: { hosts: { [HOST]: 'bedrock', [new URL(real.url).host]: 'signed' } },
      routers: [
        {
          path: '/signed/',
          ingress: { credential: 'presigned', tenant: 'owner' },
          outbound: { url: real.url },
          model: { path: 'model' },
          usage: { input_tokens: 'usage.inputTokens', output_tokens: 'usage.outputTokens' },
        },
        {
          path: '/recorded/',
          ingress: { credential: 'presigned', tenant: 'owner' },
          outbound: { url: recorder },
        },
      ],
    }),
  })
  owner = await world.tenant('owner')
  other = await world.tenant('other')
})
afterAll(async () => {
  await world.close()
  await real.close()
})

class Sha256 {
  readonly #hash
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
}

async function signed(query: Record<string, string> = {}): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service: 'bedrock',
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIASIMULATOR000001', secretAccessKey: 'simulator-secret' },
    sha256: Sha256 as never,
  })
  const { host } = new URL(real.url)
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: 'http:',
    hostname: host,
    path: PATH,
    query,
    headers: { host, 'content-type': 'application/json', 'x-forwarded-for': '10.1.1.1' },
    body: BODY,
  })
  return headers
}

describe('a request that its client has signed', () => {
  it('arrives so that its signature holds, is metered, and is charged to the router’s tenant', async () => {
    const answer = await ask(world.url, `/signed${PATH}`, { headers: await signed(), body: BODY })
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('inputTokens')])
    const { usage } = answer.json() as { usage: { inputTokens: number; outputTokens: number } }
    const entry = await world.entry()
    expect(entry).toMatchObject({
      tenant_id: 'owner',
      model_id: MODEL,
      usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens },
    })
    expect(Number(entry.cost_usd)).toBeGreaterThan(0)
  })

  it('or to the tenant of a key beside it, which stays here', async () => {
    const headers = { ...(await signed()), 'x-weighbridge-key': other.secret }
    expect((await ask(world.url, `/signed${PATH}`, { headers, body: BODY })).status).toBe(200)
    expect(await world.entry()).toMatchObject({ tenant_id: 'other' })
    await ask(world.url, `/recorded${PATH}`, { headers, body: BODY })
    expect(JSON.stringify(world.last())).not.toContain(other.secret)
    for (const name of ['authorization', 'x-amz-date', 'x-forwarded-for'])
      expect(world.headerOf(name)).toEqual([(headers as Record<string, string>)[name]])
  })

  it('that was changed on the way is refused by the service, and nothing is charged', async () => {
    const answer = await ask(world.url, `/signed${PATH}`, { headers: await signed(), body: `${BODY} ` })
    expect(answer.status).toBe(403)
    expect(await world.entry()).toMatchObject({ ending: 'upstream_refused', cost_usd: '0' })
  })

  it('without a signature is not let in', async () => {
    const answer = await ask(world.url, `/signed${PATH}`, { body: BODY })
    expect([answer.status, answer.json()]).toEqual([401, { error: "unauthorized header:'Authorization' missing" }])
  })
})

type Signed = {
  readonly protocol: string
  readonly hostname: string
  readonly path: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array
}

/** How the AWS SDK speaks to a proxy that https requests are forwarded to: the whole address stands in the request line. */
const forwarding = {
  handle: ({ protocol, hostname, path, method, headers, body }: Signed) =>
    new Promise<object>((resolve, reject) => {
      const { hostname: gateway, port } = new URL(world.url)
      const target = `${protocol}//${hostname}${path}`
      const request = httpRequest({ hostname: gateway, port, path: target, method, headers }, (answer) =>
        resolve({ response: { statusCode: answer.statusCode, headers: answer.headers, body: answer } }),
      )
      request.on('error', reject)
      request.end(body)
    }),
}

describe('as a proxy', () => {
  it('takes the AWS SDK’s calls of a host that the configuration names', async () => {
    const client = new BedrockRuntimeClient({
      region: 'us-east-1',
      credentials: { accessKeyId: owner.accessKeyId, secretAccessKey: owner.secretAccessKey },
      requestHandler: forwarding as never,
    })
    const answer = await client.send(
      new ConverseCommand({ modelId: MODEL, messages: [{ role: 'user', content: [{ text: 'Hello.' }] }] }),
    )
    client.destroy()
    expect(answer.usage?.outputTokens).toBeGreaterThan(0)
    expect(await world.entry()).toMatchObject({ tenant_id: 'owner', surface: 'bedrock', operation: 'Converse' })
  })

  it('takes signed requests to a host that is a router’s', async () => {
    const headers = await signed()
    const answer = await ask(world.url, `http://${headers['host']}${PATH}`, { headers, body: BODY })
    expect(answer.status).toBe(200)
    expect(await world.entry()).toMatchObject({ tenant_id: 'owner', surface: 'router:signed' })
  })

  it.each([
    ['http://169.254.169.254/latest/meta-data/', '169.254.169.254'],
    [`http://${HOST}.evil.example${PATH}`, `${HOST}.evil.example`],
    [`http://${HOST}@evil.example${PATH}`, HOST],
    [`http://${HOST}${PATH}`, 'other.example'],
    [`http://${HOST}:8080${PATH}`, `${HOST}:8080`],
    ['http://localhost/admin/v1/tenants', 'localhost'],
    [`ftp://${HOST}/x`, HOST],
  ])('%s is nobody’s here', async (target, host) => {
    const answer = await ask(world.url, target, {
      headers: { host, authorization: `Bearer ${owner.secret}` },
      body: '{}',
    })
    expect(answer.status).toBe(400)
  })
})
