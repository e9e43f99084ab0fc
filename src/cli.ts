#!/usr/bin/env node
// The command line: words in, exit code out. Everything heavy is loaded by the command that needs it.

import { readFileSync } from 'node:fs'
import { runCommandLine } from './cli/run.ts'

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error) => process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await runCommandLine(process.argv.slice(2), {
  environment: process.env,
  fetch,
  readFile: (path) => readFileSync(path),
  openData: async (dataDir) => (await import('./data-upkeep.ts')).dataUpkeep(dataDir, Date.now),
  terminal: process.stdout.isTTY,
  now: Date.now,
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  serve: async () => (await import('./serve.ts')).serve(),
  demo: async (options) => (await import('./demo.ts')).demo(options),
})
