// The gateway as it is benchmarked: everything on, four tenants below each other, six limits that never end.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../src/config.ts'
import { start } from '../src/wiring.ts'

const [upstream = ''] = process.argv.slice(2)
const folder = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'weighbridge-bench-'))
process.env.AWS_ACCESS_KEY_ID = 'AKIABENCH00000000001'
process.env.AWS_SECRET_ACCESS_KEY = 'bench'

const started = await start(
  loadConfig(
    {
      WEIGHBRIDGE_PORT: '0',
      WEIGHBRIDGE_DATA_DIR: folder,
      WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: upstream,
      WEIGHBRIDGE_BEDROCK_ENDPOINT: upstream,
      WEIGHBRIDGE_LOG_LEVEL: 'error',
      WEIGHBRIDGE_UPSTREAM_CONNECTIONS: '2048',
    },
    (path) => readFileSync(path, 'utf8'),
  ),
)

async function admin(method: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${started.url}/admin/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${started.newAdminToken ?? ''}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}

await admin('PUT', 'plans/bench', {
  name: 'Bench',
  allowed_models: ['anthropic.*', 'amazon.*'],
  access: { denied_models: ['anthropic.claude-opus-*'] },
})
const hard = (kind: string, per: string | null, amount: number | string) => ({ kind, per, amount, mode: 'hard' })
/** Each below the one before. */
const TENANTS = [
  { id: 'company', limits: [hard('cost', 'month', '4000000'), hard('requests', 'minute', 100_000_000)] },
  { id: 'department', limits: [hard('cost', 'month', '3000000')] },
  { id: 'team', limits: [hard('tokens', 'day', 1_000_000_000_000), hard('concurrency', null, 100_000)] },
  { id: 'project', limits: [hard('cost', 'day', '1000000')] },
]
let parent: string | undefined
for (const { id, limits } of TENANTS) {
  await admin('POST', 'tenants', {
    id,
    name: id,
    plan_id: 'bench',
    limits,
    ...(parent === undefined ? {} : { parent_id: parent }),
  })
  parent = id
}
const key = await admin('POST', 'tenants/project/keys', { name: 'bench' })
process.stdout.write(`${started.url} ${String(key.secret)}\n`)

process.on('SIGTERM', () => {
  void started.stop().then(() => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(0)
  })
})
