// Each fault really happens on the wire, and the bill says what AWS would bill for it.
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import { EventStreamCodec } from '@smithy/core/event-streams'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FAULTS, faultsHelp, parseFaults } from './faults.ts'
import { DEFAULT_BEARER_KEY, DEFAULT_KEY_PAIR, type RunningSimulator, startSimulator } from './server.ts'

const NOVA = 'amazon.nova-lite-v1:0'
const QUESTION = [{ role: 'user' as const, content: [{ text: 'Tell me in 40 words.' }] }]
const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()),
  (text) => Buffer.from(text),
)

let simulator: RunningSimulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())
beforeEach(() => simulator.reset())

type Raw = { text: string; head: string; body: Buffer; ended: 'end' | 'reset' | 'open' }

/** One request over a socket of its own, so that nothing hides what came; `patienceMs` ends the waiting for more. */
function raw(operation: string, fault: string, patienceMs = 200): Promise<Raw> {
  const body = JSON.stringify({ messages: QUESTION })
  const request = [
    `POST /model/${encodeURIComponent(NOVA)}/${operation} HTTP/1.1`,
    'host: simulator',
    `connection: ${fault.startsWith('extra_bytes') ? 'keep-alive' : 'close'}`,
    `authorization: Bearer ${DEFAULT_BEARER_KEY}`,
    `x-simulator-fault: ${fault}`,
    `content-length: ${body.length}`,
    '',
    body,
  ]
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    const socket = connect(simulator.port, '127.0.0.1', () => socket.write(request.join('\r\n')))
    const done = (ended: Raw['ended']): void => {
      clearTimeout(timer)
      socket.destroy()
      const all = Buffer.concat(parts)
      const split = all.indexOf('\r\n\r\n')
      const head = all.subarray(0, Math.max(0, split)).toString('latin1')
      resolve({ text: all.toString('latin1'), head, body: bodyOf(head, all.subarray(split + 4)), ended })
    }
    const timer = setTimeout(() => done('open'), patienceMs)
    socket.on('data', (part) => void parts.push(part))
    socket.on('end', () => done('end'))
    socket.on('error', () => done('reset'))
  })
}

/** Chunked bodies without their chunk lines, as far as they came. */
function bodyOf(head: string, bytes: Buffer): Buffer {
  if (!/transfer-encoding: chunked/i.test(head)) return bytes
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const line = bytes.indexOf('\r\n', at)
    const size = line < 0 ? 0 : Number.parseInt(bytes.subarray(at, line).toString(), 16)
    if (!(size > 0)) break
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
  return Buffer.concat(parts)
}

/** The event types that a decoder with CRC checks reads, and what stopped it. */
function decode(bytes: Buffer): { types: string[]; stoppedBy: string | null; rest: number } {
  const types: string[] = []
  let at = 0
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt32BE(at)
    if (at + length > bytes.length) return { types, stoppedBy: 'incomplete', rest: bytes.length - at }
    try {
      const { headers } = codec.decode(bytes.subarray(at, at + length))
      types.push(String((headers[':event-type'] ?? headers[':exception-type'] ?? headers[':error-code'])?.value))
    } catch (error) {
      return { types, stoppedBy: String(error), rest: bytes.length - at }
    }
    at += length
  }
  return { types, stoppedBy: null, rest: bytes.length - at }
}

const bill = () => simulator.bill()
const complete = async () => {
  const whole = await raw('converse-stream', 'tier')
  simulator.reset()
  return decode(whole.body)
}

describe('asking for faults', () => {
  it('by header, by model id and by several at once; each is written on the bill', async () => {
    await raw('converse', 'delay:ms=1+usage:kind=zero')
    expect(bill()[0]?.faults).toEqual(['delay:ms=1', 'usage:kind=zero'])
    const client = new BedrockRuntimeClient({
      endpoint: simulator.url,
      region: 'us-east-1',
      credentials: DEFAULT_KEY_PAIR,
      maxAttempts: 1,
    })
    const command = new ConverseCommand({ modelId: `${NOVA}~fault=throttle:retry_after=3`, messages: QUESTION })
    await expect(client.send(command)).rejects.toMatchObject({
      name: 'ThrottlingException',
      $response: { headers: { 'retry-after': '3' } },
    })
  })

  it.each(['nothing', 'throttle:when=now', 'throttle:retry_after=soon', 'usage:kind=odd', 'reset:at=home', ''])(
    'refuses %j',
    (text) => {
      expect(() => parseFaults(text)).toThrow(/no fault|no parameter|is /)
    },
  )

  it('help names every fault and every parameter', () => {
    const help = faultsHelp()
    for (const [name, { parameters }] of Object.entries(FAULTS)) {
      expect(help).toContain(`  ${name} `)
      for (const key of Object.keys(parameters)) expect(help).toContain(`${key}=`)
    }
  })
})

describe('before the answer; nothing is billed:', () => {
  it.each([
    ['throttle:retry_after=7', /^HTTP\/1.1 429 [^]*retry-after: 7/, /ThrottlingException/],
    ['throttle:retry_after=0', /^HTTP\/1.1 429/, /Too many requests/],
    ['error', /^HTTP\/1.1 500/, /InternalServerException/],
    ['error:type=ServiceUnavailableException', /^HTTP\/1.1 503/, /ServiceUnavailableException/],
    ['error:type=ModelErrorException', /^HTTP\/1.1 424/, /ModelErrorException/],
    ['plain_error:status=502', /^HTTP\/1.1 502/, /<html>/],
  ])('%s', async (fault, head, content) => {
    const answer = await raw('converse', fault)
    expect(answer.head).toMatch(head)
    expect(answer.text).toMatch(content)
    expect(bill()).toEqual([])
  })

  it.each([
    ['reset:at=before_headers', 'reset'],
    ['fin:at=before_headers', 'end'],
    ['stall:at=before_headers', 'open'],
  ])('%s', async (fault, ended) => {
    const answer = await raw('converse', fault)
    expect([answer.text, answer.ended]).toEqual(['', ended])
    expect(bill()).toEqual([])
  })

  it('unless the model had run all the same', async () => {
    expect((await raw('converse', 'reset:at=before_headers,billed=yes')).ended).toBe('reset')
    expect(bill()).toMatchObject([{ completed: false, usage: { output_tokens: 40 } }])
  })
})

describe('an answer in one body', () => {
  it.each([
    ['reset:at=after_headers', 'reset', 0],
    ['fin:at=mid_event', 'end', 0.5],
    ['stall:at=mid_event', 'open', 0.5],
    ['reset:at=mid_event', 'reset', 0.5],
    ['fin:at=after_stop', 'end', 0.99],
  ])('%s is billed whole and marked incomplete', async (fault, ended, part) => {
    const answer = await raw('converse', fault)
    const length = Number(/content-length: (\d+)/i.exec(answer.head)?.[1])
    expect(answer.ended).toBe(ended)
    expect(answer.body.length).toBe(part === 0.99 ? length - 1 : Math.floor(length * part))
    expect(bill()).toMatchObject([{ completed: false, usage: { output_tokens: 40 } }])
  })

  it('truncated_json and empty_body are honest HTTP', async () => {
    const half = await raw('converse', 'truncated_json')
    expect(half.head).toMatch(/^HTTP\/1.1 200/)
    expect(Number(/content-length: (\d+)/i.exec(half.head)?.[1])).toBe(half.body.length)
    expect(() => JSON.parse(half.body.toString())).toThrow(SyntaxError)
    expect((await raw('converse', 'empty_body')).body.length).toBe(0)
    expect(bill().map((call) => [call.completed, call.usage.output_tokens])).toEqual([
      [false, 40],
      [false, 40],
    ])
  })

  it('close_delimited has neither length nor chunks', async () => {
    const answer = await raw('converse', 'close_delimited')
    expect(answer.head).not.toMatch(/content-length|transfer-encoding/i)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ stopReason: 'end_turn' })
    expect(answer.ended).toBe('end')
    const stream = await raw('converse-stream', 'close_delimited')
    expect(stream.head).not.toMatch(/content-length|transfer-encoding/i)
    expect(decode(stream.body).types.at(-1)).toBe('metadata')
  })

  it('extra_bytes come after the answer on the same connection', async () => {
    const answer = await raw('converse', 'extra_bytes:ms=30')
    expect(answer.text.match(/HTTP\/1.1 200/g)).toHaveLength(2)
    expect(answer.text).toContain('unasked!')
    expect(bill()).toHaveLength(1)
  })

  it.each([
    ['missing', (usage: unknown) => expect(usage).toBeUndefined()],
    ['zero', (usage: unknown) => expect(usage).toMatchObject({ inputTokens: 0, outputTokens: 0 })],
    ['negative', (usage: unknown) => expect(usage).toMatchObject({ outputTokens: -41 })],
    ['absurd', (usage: unknown) => expect(usage).toMatchObject({ outputTokens: 1e308 })],
    ['huge', (usage: unknown) => expect(usage).toMatchObject({ outputTokens: 2 ** 60 })],
    ['string', (usage: unknown) => expect(usage).toMatchObject({ outputTokens: '40' })],
    ['null', (usage: unknown) => expect(usage).toMatchObject({ outputTokens: null })],
    ['fraction', (usage: unknown) => expect(usage).toMatchObject({ outputTokens: 40.5 })],
    [
      'cache_over_input',
      (usage: unknown) => expect(usage).toMatchObject({ cacheReadInputTokens: 1_000_000, outputTokens: 40 }),
    ],
  ])('usage:kind=%s lies; the bill does not', async (kind, check) => {
    const answer = await raw('converse', `usage:kind=${kind}`)
    const body: { usage?: unknown } = JSON.parse(answer.body.toString())
    check(body.usage)
    expect(bill()).toMatchObject([{ completed: true, usage: { output_tokens: 40 } }])
  })

  it.each([
    ['set_cookie', /set-cookie: upstream=1/i],
    ['large', /x-amzn-large: x{65536}/i],
    ['connection', /connection: x-foo[^]*x-foo: for one hop only/i],
    ['hop_by_hop', /proxy-authenticate: Basic/i],
    ['latin1', /x-amzn-note: caf\u00e9 \u00ff/i],
    ['duplicate', /x-amzn-note: one\r\nx-amzn-note: two/i],
  ])('headers:kind=%s', async (kind, pattern) => {
    const answer = await raw('converse', `headers:kind=${kind}`)
    expect(answer.head).toMatch(pattern)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ stopReason: 'end_turn' })
  })
})

describe('a stream', () => {
  it.each([
    ['reset:at=after_headers', 'reset', 0, 0],
    ['fin:at=mid_event,after=3', 'end', 3, 0.9],
    ['reset:at=mid_event,after=3', 'reset', 3, 0.9],
    ['stall:at=mid_event,after=3', 'open', 3, 0.9],
    ['end:at=mid_event,after=3', 'end', 3, 0.9],
    ['truncated_frame:after=3', 'end', 3, 0.9],
    ['exception:type=throttlingException,after=3', 'end', 4, 0.9],
    ['error_event:after=3', 'end', 4, 0.9],
  ])('%s ends after its events; what was generated is billed', async (fault, ended, events, most) => {
    const answer = await raw('converse-stream', fault)
    const { types } = decode(answer.body)
    expect(answer.ended).toBe(ended)
    expect(types).toHaveLength(events)
    expect(types).not.toContain('metadata')
    const [call] = bill()
    expect(call?.completed).toBe(false)
    expect(call?.usage.input_tokens).toBeGreaterThan(0)
    expect(call?.usage.output_tokens).toBeLessThanOrEqual(40 * most)
    expect(call?.usage.output_tokens === 0).toBe(events === 0)
  })

  it.each(['reset', 'fin', 'stall', 'end'])(
    '%s between the stop and the usage: everything was generated',
    async (name) => {
      const { types } = decode((await raw('converse-stream', `${name}:at=after_stop`)).body)
      expect(types.at(-1)).toBe('messageStop')
      expect(bill()).toMatchObject([{ completed: false, usage: { output_tokens: 40 } }])
    },
  )

  it('end:at=mid_event ends the HTTP answer as if all were well', async () => {
    const answer = await raw('converse-stream', 'end:at=mid_event')
    expect(answer.text.endsWith('0\r\n\r\n')).toBe(true)
  })

  it.each([
    ['bad_prelude_crc', /prelude checksum/i],
    ['bad_message_crc', /message checksum/i],
    ['bad_length', /incomplete/],
    ['header_overrun', /./],
    ['bad_header_type', /./],
  ])('%s stops a decoder, though the rest of the stream comes', async (name, stoppedBy) => {
    const whole = await complete()
    const answer = await raw('converse-stream', `${name}:after=3`)
    const read = decode(answer.body)
    expect(read.types).toEqual(whole.types.slice(0, 3))
    expect(read.stoppedBy).toMatch(stoppedBy)
    expect(read.rest).toBeGreaterThan(200)
    expect(bill()).toMatchObject([{ completed: false, usage: { output_tokens: 40 } }])
  })

  it.each([
    ['non_json', false],
    ['non_utf8', false],
    ['unknown_event', true],
  ])('%s has right CRCs', async (name, completed) => {
    const whole = await complete()
    const { types, stoppedBy } = decode((await raw('converse-stream', name)).body)
    expect(stoppedBy).toBeNull()
    expect(types.length - whole.types.length).toBe(completed ? 1 : 0)
    expect(bill()).toMatchObject([{ completed, usage: { output_tokens: 40 } }])
  })

  it('merge and split change how it comes, not what', async () => {
    const whole = await complete()
    expect(decode((await raw('converse-stream', 'merge')).body).types).toEqual(whole.types)
    expect(decode((await raw('converse-stream', 'split:bytes=1', 5000)).body).types).toEqual(whole.types)
  })

  it('padding makes events as large as asked', async () => {
    const answer = await raw('converse-stream', 'padding:bytes=10000')
    expect(answer.body.length).toBeGreaterThan(100_000)
  })

  it('tokens makes the answer as long as asked', async () => {
    await raw('converse-stream', 'tokens:n=3000', 2000)
    expect(bill()).toMatchObject([{ usage: { output_tokens: 3000 } }])
  })

  it('usage lies in the last event too', async () => {
    const answer = await raw('converse-stream', 'usage:kind=string')
    expect(answer.text).toContain('"outputTokens":"40"')
  })

  it('a fault behind the end of a short stream comes with its last event', async () => {
    const { types } = decode((await raw('converse-stream', 'exception:after=100000')).body)
    expect(types.at(-1)).toBe('modelStreamErrorException')
  })

  it('an exception event is that error in the SDK', async () => {
    const client = new BedrockRuntimeClient({
      endpoint: simulator.url,
      region: 'us-east-1',
      credentials: DEFAULT_KEY_PAIR,
      maxAttempts: 1,
    })
    const modelId = `${NOVA}~fault=exception:type=throttlingException`
    const { stream } = await client.send(new ConverseStreamCommand({ modelId, messages: QUESTION }))
    const read = async () => {
      for await (const event of stream ?? []) if (event.metadata) return 'metadata'
      return 'end'
    }
    await expect(read()).rejects.toMatchObject({ name: 'ThrottlingException' })
  })

  it('resets one HTTP/2 stream', async () => {
    const client = new BedrockRuntimeClient({
      endpoint: simulator.url,
      region: 'us-east-1',
      credentials: DEFAULT_KEY_PAIR,
      maxAttempts: 1,
    })
    const command = new ConverseCommand({ modelId: `${NOVA}~fault=reset:at=after_headers`, messages: QUESTION })
    await expect(client.send(command)).rejects.toThrow(/stream|closed|reset/i)
    expect(bill()).toMatchObject([{ completed: false }])
  })
})

describe('a client that leaves', () => {
  const leave = async (port: number, operation: string) => {
    const body = JSON.stringify({ messages: QUESTION })
    const head = `POST /model/${NOVA}/${operation} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${DEFAULT_BEARER_KEY}\r\n`
    const fault = 'x-simulator-fault: slow:ms=20\r\n'
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${head}${fault}content-length: ${body.length}\r\n\r\n${body}`),
    )
    if (operation === 'converse-stream') await new Promise((resolve) => socket.once('data', resolve))
    else await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
  }

  it('is billed for all that AWS would have generated', async () => {
    await leave(simulator.port, 'converse-stream')
    await expect.poll(bill).toMatchObject([{ client_gone: true, completed: false, usage: { output_tokens: 40 } }])
    await leave(simulator.port, 'converse')
    await expect.poll(bill).toMatchObject([{}, { client_gone: true, completed: false, usage: { output_tokens: 40 } }])
  })

  it('is billed as far as it came with onDisconnect stop', async () => {
    const other = await startSimulator({ onDisconnect: 'stop' })
    try {
      await leave(other.port, 'converse-stream')
      await expect.poll(() => other.bill()).toMatchObject([{ client_gone: true, completed: false }])
      expect(other.bill()[0]?.usage.output_tokens).toBeLessThan(40)
    } finally {
      await other.close()
    }
  })
})
