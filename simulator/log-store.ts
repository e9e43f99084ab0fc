// A double of CloudWatch Logs for one sink: streams are created, batches of events are taken or refused by the limits of PutLogEvents.
import { createServer, type IncomingMessage } from 'node:http'

export type LogStore = {
  url: string
  /** by `group stream` */
  events: Map<string, { timestamp: number; message: string }[]>
  /** sizes of the batches that came, in events */
  batches: number[]
  /** statuses that the next requests are answered with */
  failures: number[]
  close(): Promise<void>
}

const MOST_EVENTS = 10_000
const MOST_BYTES = 1_048_576
const EVENT_OVERHEAD = 26
const DAY = 86_400_000
const OLDEST = 14 * DAY

export async function startLogStore(groups: readonly string[]): Promise<LogStore> {
  const events: LogStore['events'] = new Map()
  const batches: number[] = []
  const failures: number[] = []
  const server = createServer((request, response) => {
    void answer({ groups, events, batches, failures }, request).then(({ status, body }) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    events,
    batches,
    failures,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type World = Pick<LogStore, 'events' | 'batches' | 'failures'> & { groups: readonly string[] }
type Answer = { status: number; body: object }
type Asked = {
  logGroupName: string
  logStreamName: string
  logEvents?: { timestamp: number; message: string }[]
}

async function answer({ groups, events, batches, failures }: World, request: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const failure = failures.shift()
  if (failure !== undefined) return { status: failure, body: { __type: 'ServiceUnavailableException' } }
  if (
    !/^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[\w-]+\/logs\/aws4_request/.test(request.headers.authorization ?? '')
  )
    return refused('UnrecognizedClientException', 'The security token included in the request is invalid.')
  const asked = JSON.parse(Buffer.concat(chunks).toString()) as Asked
  if (!groups.includes(asked.logGroupName))
    return refused('ResourceNotFoundException', 'The specified log group does not exist.')
  const stream = `${asked.logGroupName} ${asked.logStreamName}`
  switch (request.headers['x-amz-target']) {
    case 'Logs_20140328.CreateLogStream':
      if (events.has(stream))
        return refused('ResourceAlreadyExistsException', 'The specified log stream already exists')
      events.set(stream, [])
      return { status: 200, body: {} }
    case 'Logs_20140328.PutLogEvents':
      return take(events.get(stream), batches, asked.logEvents ?? [])
    default:
      return refused('UnknownOperationException', 'unknown')
  }
}

function take(kept: Asked['logEvents'], batches: number[], given: NonNullable<Asked['logEvents']>): Answer {
  if (kept === undefined) return refused('ResourceNotFoundException', 'The specified log stream does not exist.')
  const bytes = given.reduce((sum, { message }) => sum + Buffer.byteLength(message) + EVENT_OVERHEAD, 0)
  const ordered = given.every(({ timestamp }, index) => timestamp >= (given[index - 1]?.timestamp ?? 0))
  const span = (given.at(-1)?.timestamp ?? 0) - (given[0]?.timestamp ?? 0)
  if (given.length === 0 || given.length > MOST_EVENTS || bytes > MOST_BYTES || span > DAY)
    return refused('InvalidParameterException', 'Log events in a single PutLogEvents request exceed a limit.')
  if (!ordered)
    return refused(
      'InvalidParameterException',
      'Log events in a single PutLogEvents request must be in chronological order.',
    )
  batches.push(given.length)
  const tooOld = given.filter(({ timestamp }) => timestamp < Date.now() - OLDEST).length
  kept.push(...given.slice(tooOld))
  return { status: 200, body: tooOld === 0 ? {} : { rejectedLogEventsInfo: { tooOldLogEventEndIndex: tooOld } } }
}

const refused = (type: string, message: string): Answer => ({ status: 400, body: { __type: type, message } })
