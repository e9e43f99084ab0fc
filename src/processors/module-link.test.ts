// An ES module runs in threads of its own: a crash, an endless loop or a greedy one ends its own call and nothing else.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createModuleLink } from './module-link.ts'
import { ProcessorFailure, type ProcessorLink } from './processor.ts'

const MODULE = `
let calls = 0
export default async function (fields, { name, options }) {
  calls += 1
  switch (fields.do) {
    case 'loop': for (;;) {}
    case 'hang': return new Promise(() => undefined)
    case 'throw': throw new TypeError(fields.secret)
    case 'exit': process.exit(7)
    case 'late': setTimeout(() => { throw new RangeError(fields.secret) }, 0); return new Promise(() => undefined)
    case 'reject': Promise.reject(new Error(fields.secret)); return new Promise(() => undefined)
    case 'big': return { a: 'x'.repeat(10_000_000) }
    case 'greedy': { const all = []; for (;;) all.push(new Array(1_000_000).fill(all.length)) }
    case 'odd': return { f: () => 1, undefined }
    case 'environment': return { names: Object.keys(process.env) }
    case 'print': console.log(fields.secret); console.error(fields.secret); return null
    case 'list': return [1]
    default: return { name, options, calls, seen: fields }
  }
}
`
const SECRET = 'sekret-words'

let folder: string
const links: ProcessorLink[] = []
const crashes: string[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weighbridge-module-'))
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
})

afterAll(async () => {
  await Promise.all(links.map((link) => link.close()))
  rmSync(folder, { recursive: true })
})

function linkTo(text: string, workers = 1): ProcessorLink {
  const file = join(folder, `module-${links.length}.js`)
  writeFileSync(file, text)
  const link = createModuleLink({
    url: pathToFileURL(file).href,
    name: 'own',
    options: { level: 3 },
    workers,
    memoryMegabytes: 32,
    now: Date.now,
    onCrash: (_, kind) => crashes.push(kind),
  })
  links.push(link)
  return link
}

const asked = (link: ProcessorLink, fields: object, milliseconds = 20_000): Promise<unknown> => {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(new ProcessorFailure('late')), milliseconds)
  return link
    .call(
      {
        fields: { ...fields, secret: SECRET },
        context: { transactionId: 't', requestId: 'r', tenantId: null, keyId: null },
      },
      abort.signal,
    )
    .catch((thrown: unknown) => thrown)
    .finally(() => clearTimeout(timer))
}

describe('a module', () => {
  it('answers, and keeps what it remembers between calls', async () => {
    const link = linkTo(MODULE)
    expect(await asked(link, { a: 1 })).toEqual({
      name: 'own',
      options: { level: 3 },
      calls: 1,
      seen: { a: 1, secret: SECRET },
    })
    expect(await asked(link, { a: 1 })).toMatchObject({ calls: 2 })
  })

  it.each([
    ['throw', 'failed with TypeError'],
    ['exit', 'crashed (exit code 7)'],
    ['late', 'crashed (RangeError)'],
    ['reject', 'crashed (Error)'],
    ['big', 'more than 1048576 bytes'],
    ['greedy', 'crashed (ERR_WORKER_OUT_OF_MEMORY)'],
    ['list', 'answered no JSON object'],
  ])(
    'that does "%s" fails that call, in words that quote nothing, and the next call is answered',
    async (how, words) => {
      const link = linkTo(MODULE)
      const failure = await asked(link, { do: how })
      expect(failure).toBeInstanceOf(ProcessorFailure)
      expect(String(failure)).toContain(words)
      expect(String(failure)).not.toContain(SECRET)
      expect(await asked(link, { a: 1 })).toMatchObject({ seen: { a: 1 } })
      expect(crashes.join()).not.toContain(SECRET)
    },
  )

  it.each(['loop', 'hang'])('in a %s is ended when its time is up, and the next call is answered', async (how) => {
    const link = linkTo(MODULE)
    expect(await asked(link, { a: 1 })).toMatchObject({ calls: 1 })
    expect(await asked(link, { do: how }, 50)).toEqual(new ProcessorFailure('late'))
    // a new one, which remembers nothing
    expect(await asked(link, { a: 1 })).toMatchObject({ calls: 1 })
  })

  it('in an endless loop keeps no call of another thread from its answer, and not the gateway', async () => {
    const link = linkTo(MODULE, 2)
    const loop = asked(link, { do: 'loop' }, 2_000)
    expect(await asked(link, { a: 1 })).toMatchObject({ seen: { a: 1 } })
    expect(await asked(link, { a: 2 })).toMatchObject({ seen: { a: 2 } })
    expect(await loop).toEqual(new ProcessorFailure('late'))
  })

  it('knows nothing of the environment, and what it prints goes nowhere', async () => {
    const link = linkTo(MODULE)
    expect(await asked(link, { do: 'environment' })).toEqual({ names: [] })
    expect(await asked(link, { do: 'print' })).toBeNull()
  })

  it('writes what JSON can say', async () => {
    expect(await asked(linkTo(MODULE), { do: 'odd' })).toEqual({})
  })

  it.each([
    ['throws while it loads', 'throw new SyntaxError("x")'],
    ['is no JavaScript', 'export default function ('],
    ['exports no function', 'export default 7'],
  ])('that %s fails its calls at their time, and is not started as fast as they come', async (_, text) => {
    const before = crashes.length
    const link = linkTo(text)
    const failures = await Promise.all(Array.from({ length: 20 }, () => asked(link, { a: 1 }, 300)))
    expect(failures.every((failure) => failure instanceof ProcessorFailure)).toBe(true)
    await expect.poll(() => crashes.length, { timeout: 10_000 }).toBeGreaterThan(before)
    expect(crashes.length - before).toBeLessThan(5)
  })
})
