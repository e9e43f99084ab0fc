// The benchmark's upstream: as fast as node:http goes, a canned Converse answer or paced event-stream frames, nothing checked.

import { createServer, type ServerResponse } from 'node:http'
import { crc32 } from 'node:zlib'

const CONVERSE = Buffer.from(
  JSON.stringify({
    metrics: { latencyMs: 412 },
    output: { message: { content: [{ text: 'x'.repeat(700) }], role: 'assistant' } },
    stopReason: 'end_turn',
    usage: { inputTokens: 210, outputTokens: 175, totalTokens: 385, cacheReadInputTokens: 0, cacheWriteInputTokens: 0 },
  }),
)

/** Of InvokeModel with Claude. */
const MESSAGES = Buffer.from(
  JSON.stringify({
    id: 'msg_bench',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5-20250929',
    content: [{ type: 'text', text: 'x'.repeat(700) }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 210, output_tokens: 175, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
  }),
)

function frame(type: string, payload: object): Buffer {
  const headers = [
    [':event-type', type],
    [':content-type', 'application/json'],
    [':message-type', 'event'],
  ].map(([name = '', value = '']) => {
    const part = Buffer.alloc(1 + name.length + 3 + value.length)
    part.writeUInt8(name.length, 0)
    part.write(name, 1)
    part.writeUInt8(7, 1 + name.length)
    part.writeUInt16BE(value.length, 2 + name.length)
    part.write(value, 4 + name.length)
    return part
  })
  const head = Buffer.concat(headers)
  const body = Buffer.from(JSON.stringify(payload))
  const message = Buffer.alloc(16 + head.length + body.length)
  message.writeUInt32BE(message.length, 0)
  message.writeUInt32BE(head.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  head.copy(message, 12)
  body.copy(message, 12 + head.length)
  message.writeUInt32BE(crc32(message.subarray(0, message.length - 4)), message.length - 4)
  return message
}

const START = frame('messageStart', { role: 'assistant', p: 'abcdef' })
const DELTA = frame('contentBlockDelta', {
  contentBlockIndex: 0,
  delta: { text: ' weighing every' },
  p: 'abcdefghijklmnop',
})
const STOP = frame('messageStop', { stopReason: 'end_turn', p: 'abc' })
const METADATA = frame('metadata', {
  usage: { inputTokens: 210, outputTokens: 175, totalTokens: 385 },
  metrics: { latencyMs: 900 },
  p: 'abcdefgh',
})

/** Asked for by the prompt: `events=<count> every=<milliseconds>`. */
function stream(body: string, response: ServerResponse): void {
  const events = Number(/events=(\d+)/.exec(body)?.[1] ?? 20)
  const every = Number(/every=(\d+)/.exec(body)?.[1] ?? 0)
  response.writeHead(200, {
    'content-type': 'application/vnd.amazon.eventstream',
    'x-amzn-requestid': `bench-${(count += 1)}`,
  })
  streams += 1
  response.on('close', () => {
    streams -= 1
  })
  response.write(START)
  let sent = 0
  const finish = (): void => {
    response.write(STOP)
    response.end(METADATA)
  }
  if (every === 0) {
    for (; sent < events; sent += 1) response.write(DELTA)
    finish()
    return
  }
  const timer = setInterval(() => {
    response.write(DELTA)
    sent += 1
    if (sent < events) return
    clearInterval(timer)
    finish()
  }, every)
  response.on('close', () => clearInterval(timer))
}

let count = 0
/** streams that are being answered now */
let streams = 0

const server = createServer((request, response) => {
  const path = request.url ?? ''
  if (path === '/streams') {
    response.end(String(streams))
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (path.includes('converse-stream')) {
      stream(Buffer.concat(chunks).toString('latin1'), response)
      return
    }
    count += 1
    const answer = path.endsWith('/invoke') ? MESSAGES : CONVERSE
    response.writeHead(200, [
      'Content-Type',
      'application/json',
      'Content-Length',
      String(answer.length),
      'x-amzn-requestid',
      `bench-${count}`,
    ])
    response.end(answer)
  })
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}\n`)
})
