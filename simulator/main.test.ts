// The simulator as a process: its help, its refusals, its start and its end.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseOptions } from './options.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
const SCENARIOS = join(import.meta.dirname, 'scenarios')

async function run(words: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stdout.on('data', (part) => void (out += String(part)))
  child.stderr.on('data', (part) => void (err += String(part)))
  const [code]: unknown[] = await once(child, 'close')
  return { code: Number(code), out, err }
}

describe('the command line', () => {
  it('explains itself, its faults and its scenarios', async () => {
    expect((await run(['--help'])).out).toMatch(/--port <number>[^]*--scenario <file>[^]*--fast/)
    expect((await run(['--help', 'faults'])).out).toMatch(/bad_prelude_crc[^]*after=2/)
    expect((await run(['--help', 'scenario'])).out).toMatch(/"rules": \[/)
  })

  it('refuses what it does not know with code 2', async () => {
    const answer = await run(['--prot', '1'])
    expect(answer).toMatchObject({ code: 2, err: 'simulator: unknown option --prot; see --help\n' })
  })

  it.each([
    [['--port', 'x'], /--port is a whole number/],
    [['--port'], /--port needs a value/],
    [['--fast=1'], /--fast takes no value/],
    [['--access-key-id', 'a'], /needs its --secret-access-key/],
    [['--secret-access-key', 'a'], /needs an --access-key-id before it/],
    [['--on-disconnect', 'wait'], /finish or stop/],
    [['--scenario', '/nowhere.json'], /--scenario \/nowhere.json: ENOENT/],
    [['positional'], /unknown option positional/],
  ])('refuses %j', (words, message) => {
    expect(() => parseOptions(words)).toThrow(message)
  })

  it('reads every option', () => {
    const words = '--host ::1 --port=0 --access-key-id A --secret-access-key S --bearer-key B --allow-any-credentials'
    const more = '--speed 50 --on-disconnect stop --log-dir /tmp/x --fast'
    expect(parseOptions(`${words} ${more}`.split(' '))).toEqual({
      host: '::1',
      port: 0,
      keyPairs: [{ accessKeyId: 'A', secretAccessKey: 'S' }],
      bearerKeys: ['B'],
      allowAnyCredentials: true,
      tokensPerSecond: 50,
      onDisconnect: 'stop',
      logFolder: '/tmp/x',
      fast: true,
    })
  })

  it.each(readdirSync(SCENARIOS))('reads the scenario %s', (name) => {
    expect(parseOptions(['--scenario', join(SCENARIOS, name)]).scenario).toBeDefined()
  })
})

it('says where it is and with what to come, answers, and ends on SIGTERM', async () => {
  const child = spawn(process.execPath, [MAIN, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [first]: unknown[] = await once(child.stdout, 'data')
  const text = String(first)
  expect(text).toContain('nothing here is real')
  expect(text).toContain('AKIASIMULATOR000001 / simulator-secret')
  expect(text).toContain('simulator-bearer-key')
  const url = /http:\/\/[\d.:]+/.exec(text)?.[0] ?? ''
  expect((await fetch(`${url}/_simulator/bill`)).status).toBe(200)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
