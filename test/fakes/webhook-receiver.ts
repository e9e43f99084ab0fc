// A receiver of webhooks on loopback that answers as it is told and remembers what it was sent.

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type ReceivedWebhook = {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type WebhookReceiver = {
  readonly url: string
  readonly received: readonly ReceivedWebhook[]
  /** Answers from now on like this; 204 at first. */
  answerWith(answer: (response: ServerResponse, count: number) => void): void
  /** Resolves once so many have been received. */
  until(count: number): Promise<readonly ReceivedWebhook[]>
  close(): Promise<void>
}

export const withStatus =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, headers).end()

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = []
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>()
  let answer: (response: ServerResponse, count: number) => void = withStatus(204)
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString() })
      for (const one of waiting) if (received.length >= one.count) one.resolve()
      answer(response, received.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answerWith(next) {
      answer = next
    },
    async until(count) {
      if (received.length < count) {
        await new Promise<void>((resolve) => waiting.add({ count, resolve }))
      }
      return received
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
