// The simulator's process: reads its options, starts, says how to reach it, and stops on SIGINT or SIGTERM.
import { faultsHelp } from './faults.ts'
import { optionsHelp, parseOptions, UsageError } from './options.ts'
import { SCENARIO_HELP } from './scenario.ts'
import { DEFAULT_BEARER_KEY, DEFAULT_KEY_PAIR, startSimulator } from './server.ts'

const HELP = `A double of Amazon Bedrock (runtime and control plane) and SageMaker's runtime, for tests and demonstrations.
It keeps the truth of what AWS would bill at GET /_simulator/bill.

Usage: npm run simulator -- [options]

${optionsHelp()}
  --help [faults|scenario]             this text, or all faults, or how scenarios are written
`

const HELP_TOPICS: Readonly<Record<string, string>> = { faults: faultsHelp(), scenario: SCENARIO_HELP }

async function main(words: readonly string[]): Promise<void> {
  const help = words.findIndex((word) => word === '--help' || word === '-h')
  if (help >= 0) {
    process.stdout.write(HELP_TOPICS[words[help + 1] ?? ''] ?? HELP)
    return
  }
  const options = parseOptions(words)
  const simulator = await startSimulator(options)
  const pairs = options.keyPairs ?? [DEFAULT_KEY_PAIR]
  const bearerKeys = options.bearerKeys ?? [DEFAULT_BEARER_KEY]
  const credentials = options.allowAnyCredentials
    ? ['  credentials  any']
    : [
        ...pairs.map((pair) => `  key pair     ${pair.accessKeyId} / ${pair.secretAccessKey}`),
        ...bearerKeys.map((key) => `  bearer key   ${key}`),
      ]
  const lines = [
    `Simulated AWS (Bedrock, SageMaker) at ${simulator.url}; nothing here is real and nothing costs money.`,
    ...credentials,
    `  bill         GET ${simulator.url}/_simulator/bill`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void simulator.close().then(() => process.exit(0)))
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`simulator: ${error instanceof UsageError ? error.message : String(error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
})
