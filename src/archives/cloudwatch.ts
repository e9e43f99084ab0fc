// Takes lines of the metering log into a log group of CloudWatch Logs, in batches that PutLogEvents accepts.

import type * as Sdk from '@aws-sdk/client-cloudwatch-logs'

export type CloudWatchOptions = {
  readonly group: string
  readonly region: string
  /** null: AWS's own */
  readonly endpoint: string | null
  readonly credentials: NonNullable<Sdk.CloudWatchLogsClientConfig['credentials']>
  /** Hears of events that CloudWatch Logs did not take for good, such as those older than 14 days: trying again would not help. */
  readonly onRejected: (events: number) => void
}

/** Limits of PutLogEvents (API reference, read 2026-11). */
const MOST_EVENTS = 10_000
const MOST_BYTES = 1_048_576
const EVENT_OVERHEAD_BYTES = 26
const LONGEST_SPAN_MILLISECONDS = 86_400_000
const STREAM = 'weighbridge'
const TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 10_000 }

type LogEvent = { readonly timestamp: number; readonly message: string }

/** Resolves when all lines were taken; each is JSON with a member `timestamp`. */
export function cloudWatchSink(options: CloudWatchOptions): (lines: readonly string[]) => Promise<void> {
  const { group, region, endpoint, credentials, onRejected } = options
  let opened: Promise<Opened> | null = null
  const open = (): Promise<Opened> => {
    // loaded with the first record: who logs elsewhere never pays for it
    opened ??= import('@aws-sdk/client-cloudwatch-logs').then((sdk) => ({
      sdk,
      client: new sdk.CloudWatchLogsClient({
        region,
        credentials,
        maxAttempts: 2,
        requestHandler: TIMEOUTS,
        ...(endpoint === null ? {} : { endpoint }),
      }),
    }))
    return opened
  }
  const put = async (logEvents: LogEvent[]): Promise<void> => {
    const { sdk, client } = await open()
    const command = new sdk.PutLogEventsCommand({ logGroupName: group, logStreamName: STREAM, logEvents })
    const taken = await client.send(command).catch(async (thrown: unknown) => {
      if (!(thrown instanceof sdk.ResourceNotFoundException)) throw thrown
      await createStream(await open(), group)
      return client.send(command)
    })
    const rejected = rejectedOf(taken.rejectedLogEventsInfo, logEvents.length)
    if (rejected > 0) onRejected(rejected)
  }
  return async (lines) => {
    for (const batch of batchesOf(lines.map(eventOf))) await put(batch)
  }
}

type Opened = { readonly sdk: typeof Sdk; readonly client: Sdk.CloudWatchLogsClient }

/** The group is the operator's to make, with the time that it keeps things for; the stream in it is ours. */
async function createStream({ sdk, client }: Opened, group: string): Promise<void> {
  try {
    await client.send(new sdk.CreateLogStreamCommand({ logGroupName: group, logStreamName: STREAM }))
  } catch (thrown) {
    if (thrown instanceof sdk.ResourceNotFoundException)
      throw new Error(`there is no log group "${group}"; create it`, { cause: thrown })
    if (!(thrown instanceof sdk.ResourceAlreadyExistsException)) throw thrown
  }
}

function eventOf(line: string): LogEvent {
  const { timestamp } = JSON.parse(line) as { timestamp: string }
  return { timestamp: Date.parse(timestamp), message: line }
}

/** In the order of time, as PutLogEvents wants them. */
export function batchesOf(events: readonly LogEvent[]): LogEvent[][] {
  const batches: LogEvent[][] = []
  let bytes = 0
  for (const event of events.toSorted((one, other) => one.timestamp - other.timestamp)) {
    const size = Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES
    const batch = batches.at(-1)
    const first = batch?.[0]?.timestamp ?? 0
    const fits =
      batch !== undefined &&
      batch.length < MOST_EVENTS &&
      bytes + size <= MOST_BYTES &&
      event.timestamp - first < LONGEST_SPAN_MILLISECONDS
    bytes = fits ? bytes + size : size
    if (fits) batch.push(event)
    else batches.push([event])
  }
  return batches
}

type Rejected = {
  readonly tooNewLogEventStartIndex?: number | undefined
  readonly tooOldLogEventEndIndex?: number | undefined
  readonly expiredLogEventEndIndex?: number | undefined
}

/** Ends are exclusive, the start inclusive. */
function rejectedOf(info: Rejected | undefined, events: number): number {
  if (info === undefined) return 0
  const old = Math.max(info.tooOldLogEventEndIndex ?? 0, info.expiredLogEventEndIndex ?? 0)
  return old + events - (info.tooNewLogEventStartIndex ?? events)
}
