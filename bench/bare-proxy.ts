// What the gateway is measured against: node:http and undici, no features at all.

import { createServer } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { Pool } from 'undici'

const [upstream = ''] = process.argv.slice(2)
const pool = new Pool(upstream, { connections: 2_048 })

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const headers = { 'content-type': request.headers['content-type'] ?? '' }
    pool
      .request({ method: 'POST', path: request.url ?? '/', headers, body: Buffer.concat(chunks) })
      .then(async (answer) => {
        const type = String(answer.headers['content-type'])
        if (type.startsWith('application/json')) {
          const body = Buffer.from(await answer.body.arrayBuffer())
          response.writeHead(answer.statusCode, { 'content-type': type, 'content-length': body.length })
          response.end(body)
          return
        }
        response.writeHead(answer.statusCode, { 'content-type': type })
        await pipeline(answer.body, response)
      })
      .catch(() => response.destroy())
  })
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}\n`)
})
