// A sink takes lines or says that it did not.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { usageSinkOf } from './usage-sinks.ts'

type Sent = { readonly url: string; readonly body: unknown }

function world(status = 200) {
  const sent: Sent[] = []
  const out: string[] = []
  return {
    sent,
    out,
    now: () => Date.UTC(2026, 10, 20, 23),
    write: (text: string) => void out.push(text),
    fetch: (async (url: string, init?: RequestInit) => {
      sent.push({ url, body: init?.body })
      return new Response('', { status })
    }) as typeof fetch,
  }
}

describe('a sink', () => {
  it('is standard output', async () => {
    const given = world()
    await usageSinkOf('stdout', given)(['{"a":1}', '{"b":2}'])
    expect(given.out).toEqual(['{"a":1}\n{"b":2}\n'])
  })

  it('is an address that answers 2xx, and no other', async () => {
    const given = world()
    await usageSinkOf('https://sink.example/usage', given)(['{"a":1}'])
    expect(given.sent).toEqual([{ url: 'https://sink.example/usage', body: '{"a":1}\n' }])
    await expect(usageSinkOf('https://sink.example/usage', world(503))(['{}'])).rejects.toThrow('503')
  })

  it('is a folder with a file for each day, appended to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weighbridge-usage-'))
    const sink = usageSinkOf(join(folder, 'deep'), world())
    await sink(['{"a":1}'])
    await sink(['{"b":2}'])
    expect(readFileSync(join(folder, 'deep', 'usage-2026-11-20.jsonl'), 'utf8')).toBe('{"a":1}\n{"b":2}\n')
    rmSync(folder, { recursive: true })
  })
})
