// A whole gateway in front of a whole simulator, over real sockets, for end-to-end tests.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator, type RunningSimulator, type SimulatorOptions } from '../../simulator/server.ts'
import { loadConfig } from '../../src/config.ts'
import { start, type Started } from '../../src/wiring.ts'
import { createAdminClient, TEST_ADMIN_TOKEN, type AdminClient } from './admin-client.ts'

export type Harness = AdminClient & {
  readonly simulator: RunningSimulator
  readonly gateway: Started
  readonly url: string
  readonly adminToken: string
  close(): Promise<void>
}

export type { TestTenant } from './admin-client.ts'

export const SIMULATOR_BEARER = 'simulator-bearer-key'

export async function startHarness(
  options: {
    readonly simulator?: SimulatorOptions
    readonly settings?: Readonly<Record<string, string>>
    readonly dataDir?: string
    /** roles are assumed there too */
    readonly simulatorIsSts?: true
  } = {},
): Promise<Harness> {
  const simulator = await startSimulator(options.simulator)
  const own = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'weighbridge-e2e-')) : null
  process.env.AWS_ACCESS_KEY_ID = 'AKIASIMULATOR000001'
  process.env.AWS_SECRET_ACCESS_KEY = 'simulator-secret'
  const gateway = await start(
    loadConfig(
      {
        WEIGHBRIDGE_PORT: '0',
        WEIGHBRIDGE_DATA_DIR: options.dataDir ?? own ?? '',
        WEIGHBRIDGE_ADMIN_TOKEN: TEST_ADMIN_TOKEN,
        WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: simulator.url,
        WEIGHBRIDGE_BEDROCK_ENDPOINT: simulator.url,
        WEIGHBRIDGE_SAGEMAKER_ENDPOINT: simulator.url,
        WEIGHBRIDGE_LOG_LEVEL: 'silent',
        WEIGHBRIDGE_SHUTDOWN_DEADLINE_SECONDS: '2',
        ...(options.simulatorIsSts ? { WEIGHBRIDGE_STS_ENDPOINT: `${simulator.url}/sts` } : {}),
        ...options.settings,
      },
      () => '',
    ),
  )
  return {
    ...createAdminClient(gateway.url),
    simulator,
    gateway,
    url: gateway.url,
    adminToken: TEST_ADMIN_TOKEN,
    async close() {
      await gateway.stop()
      await simulator.close()
      if (own !== null) rmSync(own, { recursive: true, force: true })
    },
  }
}
