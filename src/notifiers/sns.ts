// An alert to an Amazon SNS topic: words for people, JSON for queues and functions, the alert's id as an attribute.

import { PublishCommand, SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns'
import { NotifierFailure, type Notification, type Notifier } from '../core/alert-delivery.ts'
import { webhookBody } from './webhook.ts'

export const TOPIC_ARN =
  /^arn:aws(?:-[a-z]{1,12}){0,2}:sns:([a-z]{2}(?:-[a-z]{2,12}){1,2}-\d):\d{12}:[\w-]{1,256}(?:\.fifo)?$/

export type SnsNotifier = Notifier<'sns'> & { readonly close: () => void }

export function createSnsNotifier(options: {
  /** null: AWS's own host of the topic's region */
  readonly endpoint: string | null
  readonly credentials: NonNullable<SNSClientConfig['credentials']>
}): SnsNotifier {
  const clients = new Map<string, SNSClient>()
  const clientOf = (region: string): SNSClient => {
    let client = clients.get(region)
    if (client === undefined) {
      const endpoint = options.endpoint === null ? {} : { endpoint: options.endpoint }
      client = new SNSClient({ region, credentials: options.credentials, maxAttempts: 1, ...endpoint })
      clients.set(region, client)
    }
    return client
  }
  return {
    async send({ settings: { topicArn } }, notification, { signal }) {
      const region = TOPIC_ARN.exec(topicArn)?.[1]
      if (region === undefined) throw new NotifierFailure('the topic ARN is none', { permanent: true })
      try {
        await clientOf(region).send(new PublishCommand(messageOf(topicArn, notification)), { abortSignal: signal })
      } catch (thrown) {
        const name = thrown instanceof Error ? thrown.name.replaceAll(/\W/g, '?').slice(0, 60) : 'unknown'
        throw new NotifierFailure(signal.aborted ? 'took too long' : `SNS refused (${name})`)
      }
    },
    close() {
      for (const client of clients.values()) client.destroy()
    },
  }
}

function messageOf(topicArn: string, notification: Notification) {
  const text = notification.lines.join('\n')
  const json = webhookBody(notification)
  const ordered = topicArn.endsWith('.fifo')
    ? { MessageGroupId: 'weighbridge-alerts', MessageDeduplicationId: notification.id }
    : {}
  return {
    TopicArn: topicArn,
    Subject: subjectOf(notification.title),
    MessageStructure: 'json',
    Message: JSON.stringify({ default: text, sqs: json, lambda: json, http: json, https: json, firehose: json }),
    MessageAttributes: { alert_id: { DataType: 'String', StringValue: notification.id } },
    ...ordered,
  }
}

/** SNS takes up to 100 characters of ASCII (API reference, Publish, read 2026-11-20). */
const subjectOf = (title: string): string => title.replaceAll(/[^ -~]/g, '?').slice(0, 100)
