// A webhook signed as Standard Webhooks says (standardwebhooks.com, specification 1.0.0): receivers verify it with any of its libraries.

import { createHmac } from 'node:crypto'
import { NotifierFailure, type Notification, type Notifier } from '../core/alert-delivery.ts'
import type { Poster } from './poster.ts'

export const WEBHOOK_SECRET_PREFIX = 'whsec_'

export const createWebhookNotifier = (poster: Poster): Notifier<'webhook'> => ({
  async send({ settings, secret }, notification, { now, signal }) {
    if (secret === null) throw new NotifierFailure('the target has no signing secret', { permanent: true })
    const body = webhookBody(notification)
    const timestamp = String(Math.floor(now / 1_000))
    const headers = {
      'webhook-id': notification.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureOf(secret, `${notification.id}.${timestamp}.${body}`),
    }
    await poster.post(settings.url, headers, body, signal)
  },
})

export const webhookBody = ({ type, raisedAt, title, lines, data }: Notification): string =>
  JSON.stringify({
    type,
    timestamp: new Date(raisedAt).toISOString(),
    data: { ...data, title, message: lines.join('\n') },
  })

function signatureOf(secret: string, content: string): string {
  const key = Buffer.from(secret.slice(WEBHOOK_SECRET_PREFIX.length), 'base64')
  return `v1,${createHmac('sha256', key).update(content).digest('base64')}`
}
