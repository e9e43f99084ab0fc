// A gateway as a process of its own, that can be killed and started again on the same data.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createAdminClient, TEST_ADMIN_TOKEN, type AdminClient } from './admin-client.ts'

export type GatewayProcess = AdminClient & {
  readonly url: string
  readonly adminToken: string
  readonly process: ChildProcess
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  signal(name: 'SIGTERM' | 'SIGINT'): void
  /** Resolves when it has ended by itself or by a signal. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** everything that it wrote */
  output(): string
}

export async function startGatewayProcess(options: {
  readonly dataDir: string
  readonly simulatorUrl: string
  readonly settings?: Readonly<Record<string, string>>
  /** no file of the process can grow beyond this, as if the disk were full */
  readonly largestFileKilobytes?: number
}): Promise<GatewayProcess> {
  const { largestFileKilobytes } = options
  const limit = largestFileKilobytes === undefined ? '' : `ulimit -S -f ${largestFileKilobytes} && `
  const child = spawn('bash', ['-c', `${limit}exec "$0" src/main.ts`, process.execPath], {
    env: {
      PATH: process.env.PATH ?? '',
      AWS_ACCESS_KEY_ID: 'AKIASIMULATOR000001',
      AWS_SECRET_ACCESS_KEY: 'simulator-secret',
      WEIGHBRIDGE_PORT: '0',
      WEIGHBRIDGE_DATA_DIR: options.dataDir,
      WEIGHBRIDGE_ADMIN_TOKEN: TEST_ADMIN_TOKEN,
      WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT: options.simulatorUrl,
      WEIGHBRIDGE_BEDROCK_ENDPOINT: options.simulatorUrl,
      WEIGHBRIDGE_LOG_LEVEL: 'error',
      ...options.settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  const exited = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))
  const url = await Promise.race([listening(child, () => output), exited.then(() => null)])
  if (url === null) throw new Error(`the gateway did not start: ${output}`)
  return {
    ...createAdminClient(url),
    url,
    adminToken: TEST_ADMIN_TOKEN,
    process: child,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    signal: (name) => void child.kill(name),
    exited,
    output: () => output,
  }
}

function listening(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve) => {
    const look = (): void => {
      const found = /listens on (\S+)/.exec(output())?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout?.on('data', look)
  })
}
