// An upstream that writes down exactly what reached it and answers what it is told to.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export type Received = {
  readonly method: string
  readonly target: string
  /** lower-case names; several lines of one name stand as they came */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export type RecordingUpstream = {
  readonly url: string
  readonly received: Received[]
  close(): Promise<void>
}

export const CONVERSE_ANSWER = JSON.stringify({
  output: { message: { role: 'assistant', content: [{ text: 'Good.' }] } },
  stopReason: 'end_turn',
  usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
  metrics: { latencyMs: 1 },
})

export async function startRecordingUpstream(
  answer: (request: IncomingMessage, response: ServerResponse) => void = answerConverse,
): Promise<RecordingUpstream> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { rawHeaders } = request
      const headers = rawHeaders.flatMap((name, index) =>
        index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ''] as const] : [],
      )
      const body = Buffer.concat(chunks).toString()
      received.push({ method: request.method ?? '', target: request.url ?? '', headers, body })
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answerConverse(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'x-amzn-requestid': crypto.randomUUID() })
  response.end(CONVERSE_ANSWER)
}
