// The demo: a simulated Bedrock, a gateway with three tenants, real traffic from the real AWS SDK, and the numbers checked.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadConfig } from './config.ts'
import { startDemoAlert } from './demo/alert.ts'
import { demoTraffic, type AdminClient, type DemoTenant } from './demo-traffic.ts'
import { start, type Started } from './wiring.ts'

const SIMULATOR = fileURLToPath(new URL('../simulator/main.ts', import.meta.url))
const SIMULATOR_START_MILLISECONDS = 60_000
const DEMO_PORT = 8787

type Simulated = { readonly url: string; readonly child: ChildProcess }

export async function demo(options: {
  readonly once: boolean
  readonly print?: (line: string) => void
}): Promise<number> {
  const print = options.print ?? ((line: string) => void process.stdout.write(`${line}\n`))
  const folder = mkdtempSync(join(tmpdir(), 'weighbridge-demo-'))
  const simulator = await startSimulator()
  const alert = await startDemoAlert()
  let gateway: Started | null = null
  const stop = async (): Promise<void> => {
    await gateway?.stop()
    simulator.child.kill('SIGTERM')
    alert.close()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    gateway = await startGateway(simulator.url, folder, options.once)
    print('Weighbridge demo. Amazon Bedrock is SIMULATED: no AWS account is used and nothing is billed.')
    print(`  gateway    ${gateway.url}`)
    print(`  simulator  ${simulator.url}`)
    print('')
    const admin = adminClient(gateway.url, gateway.newAdminToken ?? '')
    const tenants = await makeTenants(admin)
    await alert.prepare(admin)
    const agreed = await demoTraffic({ gatewayUrl: gateway.url, simulatorUrl: simulator.url, tenants, admin, print })
    const firedOnce = await alert.show(admin, print)
    printHowTo(print, gateway.url, tenants[0] as DemoTenant, gateway.newAdminToken ?? '')
    if (!options.once) await untilInterrupted(print)
    return agreed && firedOnce ? 0 : 1
  } finally {
    await stop()
  }
}

function startSimulator(): Promise<Simulated> {
  const child = spawn(process.execPath, [SIMULATOR, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(
        new Error(`the simulator did not say within ${SIMULATOR_START_MILLISECONDS / 1000} seconds where it listens`),
      )
    }, SIMULATOR_START_MILLISECONDS)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the simulator ended with code ${String(code)} before it was ready`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /https?:\/\/[^\s;,]+/.exec(line)?.[0]
      if (url === undefined) return
      clearTimeout(timer)
      resolve({ url, child })
    })
  })
}

/** The usual port where it is free and the demo stays; any free port else. The simulator's key pair is no secret. */
async function startGateway(simulatorUrl: string, folder: string, once: boolean): Promise<Started> {
  process.env.AWS_ACCESS_KEY_ID = 'AKIASIMULATOR000001'
  process.env.AWS_SECRET_ACCESS_KEY = 'simulator-secret'
  const settings = (port: number): Record<string, string> => ({
    WEIGHBRIDGE_PORT: String(port),
    WEIGHBRIDGE_DATA_DIR: folder,
    WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: simulatorUrl,
    WEIGHBRIDGE_BEDROCK_ENDPOINT: simulatorUrl,
    WEIGHBRIDGE_ALERT_ALLOWED_HOSTS: '127.0.0.1',
    WEIGHBRIDGE_LOG_LEVEL: 'error',
    AWS_REGION: 'us-east-1',
  })
  const open = (port: number): Promise<Started> =>
    start(loadConfig(settings(port), (path) => readFileSync(path, 'utf8')))
  if (once) return open(0)
  try {
    return await open(DEMO_PORT)
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE') return open(0)
    throw thrown
  }
}

function adminClient(url: string, token: string): AdminClient {
  return async (method, path, body) => {
    const response = await fetch(`${url}/admin/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} /admin/v1/${path} answered ${response.status}: ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
}

/** Beside the plans that every installation begins with. */
const TRIAL = {
  name: 'Trial',
  allowed_models: ['amazon.nova-*'],
  limits: [{ kind: 'cost', per: 'month', amount: '0.002', mode: 'hard' }],
}

async function makeTenants(admin: AdminClient): Promise<readonly DemoTenant[]> {
  await admin('PUT', 'plans/trial', TRIAL)
  const made: DemoTenant[] = []
  for (const [id, plan_id] of [
    ['research', 'unlimited'],
    ['support', 'basic'],
    ['interns', 'trial'],
  ] as const) {
    await admin('POST', 'tenants', { id, name: id, plan_id })
    const key = await admin('POST', `tenants/${id}/keys`, { name: 'demo' })
    made.push({
      id,
      secret: String(key.secret),
      accessKeyId: String(key.access_key_id),
      secretAccessKey: String(key.secret_access_key),
    })
  }
  return made
}

function printHowTo(print: (line: string) => void, url: string, tenant: DemoTenant, adminToken: string): void {
  print('Call it yourself (any AWS SDK; here as the tenant "research"):')
  print('')
  print('  AWS SDKs and the AWS CLI, signed:')
  print(`    export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=${url} AWS_REGION=us-east-1`)
  print(`    export AWS_ACCESS_KEY_ID=${tenant.accessKeyId} AWS_SECRET_ACCESS_KEY=${tenant.secretAccessKey}`)
  print(`    aws bedrock-runtime converse --model-id amazon.nova-lite-v1:0 \\`)
  print(`      --messages '[{"role":"user","content":[{"text":"Hello"}]}]'`)
  print('')
  print('  AWS SDK for JavaScript, with the key as a bearer token:')
  print(`    AWS_BEARER_TOKEN_BEDROCK=${tenant.secret} AWS_ENDPOINT_URL_BEDROCK_RUNTIME=${url} node -e '`)
  print('      const { BedrockRuntimeClient, ConverseCommand } = require("@aws-sdk/client-bedrock-runtime")')
  print(
    '      new BedrockRuntimeClient({ region: "us-east-1" }).send(new ConverseCommand({ modelId: "amazon.nova-lite-v1:0",',
  )
  print(
    `        messages: [{ role: "user", content: [{ text: "Hello" }] }] })).then((answer) => console.log(answer.usage))'`,
  )
  print('')
  print('  curl:')
  print(`    curl -s ${url}/model/amazon.nova-lite-v1:0/converse -H 'authorization: Bearer ${tenant.secret}' \\`)
  print(`      -H 'content-type: application/json' -d '{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}'`)
  print('')
  print('  Then look at the ledger:')
  print(`    WEIGHBRIDGE_URL=${url} WEIGHBRIDGE_ADMIN_TOKEN=${adminToken} npm run wb -- ledger list`)
  print('')
}

function untilInterrupted(print: (line: string) => void): Promise<void> {
  print('The gateway keeps serving. Press Ctrl-C to stop; the demo leaves nothing behind.')
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
