// Publish of Amazon SNS: takes a message for a topic of the query protocol and keeps it, so that a test can see what was sent.
import { type Call, free, type Operation, type PlainAnswer } from '../call.ts'

const LONGEST_SUBJECT = 100
const MOST_MESSAGE_BYTES = 262_144

export const PUBLISH: Operation = {
  name: 'Publish',
  service: 'sns',
  method: 'POST',
  path: /^\/$/,
  run(call) {
    const form = new URLSearchParams(call.body.toString())
    const refusal = refusalOf(form)
    if (refusal !== null) return errorAnswer(call, refusal)
    call.simulator.resources.published.push({
      topicArn: form.get('TopicArn') ?? '',
      subject: form.get('Subject'),
      message: messagesOf(form),
      deduplicationId: form.get('MessageDeduplicationId'),
    })
    const result = `<PublishResult><MessageId>${call.requestId}</MessageId></PublishResult>`
    return xml(200, `<PublishResponse xmlns="${NAMESPACE}">${result}${metadata(call)}</PublishResponse>`)
  },
}

const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/'

type Refusal = { status: number; code: string; message: string }

/** Topics whose name starts with `missing` do not exist (API reference, Publish, errors). */
function refusalOf(form: URLSearchParams): Refusal | null {
  const invalid = (message: string): Refusal => ({ status: 400, code: 'InvalidParameter', message })
  if (form.get('Action') !== 'Publish') return { status: 400, code: 'InvalidAction', message: 'Unknown action' }
  const topic = /^arn:aws[\w-]*:sns:[\w-]+:\d{12}:([\w-]+(?:\.fifo)?)$/.exec(form.get('TopicArn') ?? '')?.[1]
  if (topic === undefined) return invalid('Invalid parameter: TopicArn')
  if (topic.startsWith('missing')) return { status: 404, code: 'NotFound', message: 'Topic does not exist' }
  const subject = form.get('Subject')
  if (subject !== null && (subject.length > LONGEST_SUBJECT || !/^[\w!-/:-@[-`{-~][ -~]*$/.test(subject))) {
    return invalid('Invalid parameter: Subject')
  }
  if (Buffer.byteLength(form.get('Message') ?? '') > MOST_MESSAGE_BYTES)
    return invalid('Invalid parameter: Message too long')
  if (messagesOf(form).default === undefined)
    return invalid('Invalid parameter: Message Structure - No default entry in JSON message body')
  return null
}

/** By protocol; one message for all is the default. */
function messagesOf(form: URLSearchParams): Record<string, string> {
  const message = form.get('Message') ?? ''
  if (form.get('MessageStructure') !== 'json') return message === '' ? {} : { default: message }
  try {
    return JSON.parse(message) as Record<string, string>
  } catch {
    return {}
  }
}

function errorAnswer(call: Call, { status, code, message }: Refusal): PlainAnswer {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`
  return xml(
    status,
    `<ErrorResponse xmlns="${NAMESPACE}">${error}<RequestId>${call.requestId}</RequestId></ErrorResponse>`,
  )
}

const metadata = (call: Call): string => `<ResponseMetadata><RequestId>${call.requestId}</RequestId></ResponseMetadata>`

const xml = (status: number, text: string): PlainAnswer => ({
  ...free(null, status),
  headers: { 'content-type': 'text/xml' },
  body: Buffer.from(text),
})
