// What is kept and told of calls: metadata, answers to fetch later, the metering log, closed days, alerts, prices that are not there.

import {
  bucket,
  hostList,
  keyList,
  oneOf,
  origin,
  path,
  recordsPlace,
  someOf,
  timeZone,
  whole,
} from '../config-checks.ts'
import { optional, setting, type Setting } from '../config-setting.ts'
import { UNPRICED_POLICIES } from '../core/plan.ts'

export const RECORDS_SETTINGS = {
  metadataKeys: setting(
    'WEIGHBRIDGE_METADATA_KEYS',
    '',
    keyList(16),
    'Keys of requestMetadata that are kept on ledger entries for grouping, separated by commas; at most 16.',
  ),
  pollResultSeconds: setting(
    'WEIGHBRIDGE_POLL_RESULT_SECONDS',
    '120',
    whole(1, 86_400),
    'How long an answer that is fetched by polling is kept once it is there. At most 10,000 wait at once; more calls: 503.',
  ),
  meteringLog: optional(
    'WEIGHBRIDGE_METERING_LOG',
    recordsPlace(),
    'Where a record of every call is written as JSON lines: stdout, a folder (a file a day), an http or https URL, or cloudwatch: and the name of a log group. Unset: nowhere.',
  ),
  cloudWatchLogsEndpoint: optional(
    'WEIGHBRIDGE_CLOUDWATCH_LOGS_ENDPOINT',
    origin(),
    "Where records to CloudWatch Logs go. Unset: AWS's own host of the region.",
  ),
  closeDir: optional(
    'WEIGHBRIDGE_CLOSE_DIR',
    path(),
    'Folder that the files of closed days are written to. Unset: "closed" in the data folder.',
  ),
  closeTimeZone: setting(
    'WEIGHBRIDGE_CLOSE_TIME_ZONE',
    'UTC',
    timeZone(),
    'Time zone whose days are closed, such as Europe/Berlin.',
  ),
  closeDelaySeconds: setting(
    'WEIGHBRIDGE_CLOSE_DELAY_SECONDS',
    '900',
    whole(0, 86_400),
    'Time after the end of a day at which it is closed. Later entries become a file of corrections.',
  ),
  closeGranularities: setting(
    'WEIGHBRIDGE_CLOSE_GRANULARITIES',
    'day',
    someOf(['day', 'hour', 'month']),
    'What is closed, separated by commas: day (always), hour (each day also by the hour), month (with its last day).',
  ),
  closeFormats: setting(
    'WEIGHBRIDGE_CLOSE_FORMATS',
    'csv',
    someOf(['csv', 'parquet']),
    'What closed days are written as, separated by commas: csv (always), parquet.',
  ),
  closeBucket: optional(
    'WEIGHBRIDGE_CLOSE_BUCKET',
    bucket(),
    'Bucket that the files of closed days are copied to, such as s3://costs/weighbridge. Unset: they stay in the folder.',
  ),
  s3Endpoint: optional(
    'WEIGHBRIDGE_S3_ENDPOINT',
    origin(),
    "Where files for the bucket go, by path style. Unset: AWS's own host of the region.",
  ),
  alertAllowedHosts: setting(
    'WEIGHBRIDGE_ALERT_ALLOWED_HOSTS',
    '',
    hostList(64),
    'Host names, addresses and CIDR ranges that alerts may be sent to although they are private, separated by commas.',
  ),
  alertTimeoutMilliseconds: setting(
    'WEIGHBRIDGE_ALERT_TIMEOUT_MILLISECONDS',
    '10000',
    whole(100, 120_000),
    'Time for one attempt to deliver an alert. Longer: tried again.',
  ),
  alertRetrySeconds: setting(
    'WEIGHBRIDGE_ALERT_RETRY_SECONDS',
    '5',
    whole(1, 3_600),
    'Pause before the second attempt; each further one is three times as long, up to six hours; given up after twelve.',
  ),
  snsEndpoint: optional(
    'WEIGHBRIDGE_SNS_ENDPOINT',
    origin(),
    "Where alerts to SNS go. Unset: AWS's own host of the topic.",
  ),
  unpriced: setting(
    'WEIGHBRIDGE_UNPRICED',
    'hold',
    oneOf(UNPRICED_POLICIES),
    'Calls to a model without a price: hold serves them and rates them once a price arrives; refuse answers 400.',
  ),
} as const satisfies Record<string, Setting<unknown>>
