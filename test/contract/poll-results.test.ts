// Answers that wait to be fetched: durable, for one reader, for a time, and closed to who only has the files.

import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TooManyResults } from '../../src/core/poll-results.ts'
import { createSeal } from '../../src/secrets.ts'
import { openPollResults, type OpenPollResults } from '../../src/stores/poll-results.ts'

const ANSWER = { status: 200, body: '[{"generated_text":"Ho"}]' }

let dir: string
let clock: number
let opened: OpenPollResults[]

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'weighbridge-poll-results-'))
  clock = 1_000_000
  opened = []
})

afterEach(async () => {
  await Promise.all(opened.map((one) => one.close()))
  rmSync(dir, { recursive: true, force: true })
})

async function results(secret = 'secret', most = 3): Promise<OpenPollResults> {
  const made = await openPollResults({
    dir,
    secret,
    seal: createSeal(secret),
    now: () => clock,
    keepMilliseconds: 120_000,
    most,
    onFailure: (thrown) => {
      throw thrown
    },
  })
  opened.push(made)
  return made
}

describe('answers', () => {
  it('are pending, there for one look at a time, and gone once read', async () => {
    const kept = await results()
    await kept.open('a')
    expect(await kept.look('a')).toEqual({ state: 'pending' })
    await kept.answer('a', ANSWER)
    const look = await kept.look('a')
    expect(look).toMatchObject({ state: 'answered', answer: ANSWER })
    expect(await kept.look('a')).toEqual({ state: 'pending' })
    if (look.state === 'answered') await look.settle(false)
    const again = await kept.look('a')
    if (again.state === 'answered') await again.settle(true)
    expect(await kept.look('a')).toEqual({ state: 'gone' })
    expect(readdirSync(dir)).toEqual([])
  })

  it('are kept for their time', async () => {
    const kept = await results()
    await kept.open('a')
    clock += 500_000
    expect(await kept.look('a')).toEqual({ state: 'pending' })
    await kept.answer('a', ANSWER)
    clock += 119_999
    const look = await kept.look('a')
    expect(look.state).toBe('answered')
    if (look.state === 'answered') await look.settle(false)
    clock += 1
    expect(await kept.look('a')).toEqual({ state: 'gone' })
  })

  it('survive a restart; a call that ran does not', async () => {
    const before = await results()
    for (const name of ['there', 'running']) await before.open(name)
    await before.answer('there', ANSWER)
    await before.close()
    const after = await results()
    expect(await after.look('there')).toMatchObject({ state: 'answered', answer: ANSWER })
    expect(await after.look('running')).toMatchObject({ state: 'lost' })
  })

  it('are not more than may be, and a place that is freed can be taken', async () => {
    const kept = await results('secret', 1)
    await kept.open('a')
    await expect(kept.open('b')).rejects.toThrow(TooManyResults)
    await kept.forget('a')
    await kept.open('b')
  })

  it('say nothing to who has the files but not the secret, and a damaged one is no answer', async () => {
    const before = await results()
    for (const name of ['a', 'b']) {
      await before.open(name)
      await before.answer(name, ANSWER)
    }
    await before.close()
    const [file = ''] = readdirSync(dir)
    expect(readFileSync(join(dir, file)).toString('latin1')).not.toContain('generated_text')
    const bytes = readFileSync(join(dir, file))
    bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40)
    writeFileSync(join(dir, file), bytes)
    const after = await results()
    expect([(await after.look('a')).state, (await after.look('b')).state].toSorted()).toEqual(['answered', 'gone'])
    await after.close()
    const [whole = ''] = readdirSync(dir)
    renameSync(join(dir, whole), join(dir, file))
    expect(file).not.toBe(whole)
    const renamed = await results()
    expect([(await renamed.look('a')).state, (await renamed.look('b')).state]).toEqual(['gone', 'gone'])
    await renamed.close()
    await results('another secret')
    expect(readdirSync(dir)).toEqual([])
  })
})
