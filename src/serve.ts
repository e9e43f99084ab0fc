// Serving as a process: read the settings, wire, listen, drain on SIGTERM.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const OLDEST_NODE = [22, 19] as const

export async function serve(): Promise<void> {
  requireNode()
  // Loaded late: an older Node must get the sentence above, not a syntax error from a package.
  const { loadConfig, ConfigError } = await import('./config.ts')
  const { start } = await import('./wiring.ts')
  try {
    const config = loadConfig(process.env, (path) => readFileSync(path, 'utf8'))
    const started = await start(config)
    if (started.newAdminToken !== null) keepAdminToken(config.dataDir, started.newAdminToken)
    process.stdout.write(`Weighbridge listens on ${started.url}\n`)
    if (config.routersFile !== null) process.on('SIGHUP', started.reloadRouters)
    stopOnSignals(started.stop)
  } catch (thrown) {
    const words = thrown instanceof ConfigError || thrown instanceof Error ? thrown.message : String(thrown)
    process.stderr.write(`weighbridge: ${words}\n`)
    process.exitCode = 1
  }
}

/** The token is shown once; the file lets the CLI on this machine find it. */
function keepAdminToken(dataDir: string, token: string): void {
  const file = join(dataDir, 'admin-token')
  writeFileSync(file, `${token}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
  process.stdout.write(`Admin token (shown once; kept in ${file}): ${token}\n`)
}

/** The first signal drains; the second ends at once. Holds of calls that were cut off become entries at the next start. */
function stopOnSignals(stop: () => Promise<void>): void {
  let asked = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1)
      asked = true
      stop().then(
        () => process.exit(0),
        (thrown) => {
          process.stderr.write(`weighbridge: the shutdown failed: ${String(thrown)}\n`)
          process.exit(1)
        },
      )
    })
  }
}

function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [wantedMajor, wantedMinor] = OLDEST_NODE
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return
  process.stderr.write(
    `weighbridge needs Node.js ${wantedMajor}.${wantedMinor} or newer; this is ${process.versions.node}. ` +
      'Run it through npm (npm start), which uses the Node.js that npm ci installed.\n',
  )
  process.exit(1)
}
