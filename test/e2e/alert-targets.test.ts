// Every kind of target over real sockets: what arrives, what is refused, and that nothing lasts longer or reads more than it may.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TLS_FOR_TESTS } from '../../src/http/tls.fixture.ts'
import { startSimulator, type RunningSimulator } from '../../simulator/server.ts'
import { startMailServer, type MailServer } from '../fakes/mail-server.ts'
import { startWebhookReceiver, withStatus, type WebhookReceiver } from '../fakes/webhook-receiver.ts'
import { testNotification } from '../../src/core/alert-message.ts'
import type { Notification } from '../../src/core/alert-delivery.ts'
import { createAddressGuard, type Resolve } from '../../src/notifiers/address-guard.ts'
import { createPoster, type Poster } from '../../src/notifiers/poster.ts'
import { createSlackNotifier } from '../../src/notifiers/slack.ts'
import { createSmtpNotifier } from '../../src/notifiers/smtp.ts'
import { createSnsNotifier } from '../../src/notifiers/sns.ts'
import { createWebhookNotifier } from '../../src/notifiers/webhook.ts'

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes ...').toString('base64')}`
const HOSTILE = 'a\r\nBcc: x@evil.example\u0000 <!channel> & *b* é😀'
const notification: Notification = {
  ...testNotification('alert_1', 'ops', 1_000),
  title: 'Tenant a <!channel> & *b* é😀',
  lines: ['one', 'two'],
}
const attempt = (milliseconds = 5_000) => ({ now: Date.now(), signal: AbortSignal.timeout(milliseconds) })
const loopback = createAddressGuard({ allowed: ['127.0.0.1'] })

describe('a webhook', () => {
  let receiver: WebhookReceiver
  let poster: Poster
  beforeEach(async () => {
    receiver = await startWebhookReceiver()
    poster = createPoster(loopback)
  })
  afterEach(async () => {
    await poster.close()
    await receiver.close()
  })
  const send = (url = receiver.url, milliseconds?: number, by = poster) =>
    createWebhookNotifier(by).send(
      { settings: { kind: 'webhook', url }, secret: SECRET },
      notification,
      attempt(milliseconds),
    )

  it('is verified by the library of the specification', async () => {
    await send(`${receiver.url}/hook?a=b`)
    const [got] = receiver.received
    const verified = new Webhook(SECRET).verify(got?.body ?? '', got?.headers as Record<string, string>)
    expect(verified).toMatchObject({ type: 'alert.test', data: { alert_id: 'alert_1', message: 'one\ntwo' } })
    expect([got?.path, got?.headers['webhook-id']]).toEqual(['/hook?a=b', 'alert_1'])
    expect(() => new Webhook(SECRET).verify(`${got?.body ?? ''} `, got?.headers as Record<string, string>)).toThrow(
      'No matching signature',
    )
  })

  it('speaks HTTP/1.1 alone, also to who prefers HTTP/2', async () => {
    let offered: readonly string[] = []
    const chooses = createServer({
      ...TLS_FOR_TESTS,
      ALPNCallback: ({ protocols }) => {
        offered = protocols
        return protocols[0]
      },
    })
    chooses.on('tlsClientError', () => {})
    chooses.listen(0, '127.0.0.1')
    await once(chooses, 'listening')
    // its certificate is nobody's
    await expect(send(`https://127.0.0.1:${(chooses.address() as AddressInfo).port}/`)).rejects.toThrow('reached')
    expect(offered).toEqual(['http/1.1'])
    chooses.close()
  })

  it.each([
    [302, { location: 'http://169.254.169.254/latest/meta-data/' }, 'answered 302: redirects are not followed', false],
    [307, { location: 'http://127.0.0.1:1/' }, 'answered 307: redirects are not followed', false],
    [400, {}, 'answered 400', false],
    [410, {}, 'answered 410: it wants no more', true],
    [500, {}, 'answered 500', false],
  ])('that answers %i is not delivered, and followed nowhere', async (status, headers, message, permanent) => {
    receiver.answerWith(withStatus(status, headers))
    await expect(send()).rejects.toMatchObject({ name: 'NotifierFailure', message, permanent })
    expect(receiver.received).toHaveLength(1)
  })

  it('that hangs takes no longer than asked', async () => {
    receiver.answerWith(() => undefined)
    await expect(send(receiver.url, 100)).rejects.toThrow('took too long')
  })

  it('that trickles its answer for ever has been delivered', async () => {
    receiver.answerWith((response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('x'), 5)
      response.on('close', () => clearInterval(timer))
    })
    await send(receiver.url, 200)
    expect(receiver.received).toHaveLength(1)
  })

  it('that answers without end is read no further than needed', async () => {
    let written = 0
    receiver.answerWith((response) => {
      response.writeHead(200)
      const more = (): void => {
        while (!response.destroyed && written < 500_000_000) {
          written += 65_536
          if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more)
        }
      }
      more()
    })
    await send()
    expect(written).toBeLessThan(50_000_000)
  })

  it('that is not there, or hangs up, is told without its URL', async () => {
    await expect(send('http://127.0.0.1:1/secret-path')).rejects.toThrow(/^cannot be reached \(ECONNREFUSED\)$/)
    receiver.answerWith((response) => void response.socket?.destroy())
    await expect(send()).rejects.toThrow(/^cannot be reached \(\w+\)$/)
  })

  it.each([
    ['http://127.0.0.2:1/', 'may only be spoken to over https'],
    ['https://127.0.0.2:1/', '127.0.0.2, which is not public'],
    ['https://[::1]:1/', '::1, which is not public'],
    ['https://[::ffff:169.254.169.254]/', 'never sent to'],
    ['https://2852039166/', '"169.254.169.254" is at 169.254.169.254'],
    ['https://0xa9.0376.43518/', 'never sent to'],
    ['http://example.com/', 'may only be spoken to over https'],
  ])('to %s is refused before anything is connected', async (url, words) => {
    await expect(send(url)).rejects.toThrow(words)
  })

  describe('to a name that answers differently the second time', () => {
    const port = () => Number(new URL(receiver.url).port)
    const rebinding = (...rounds: string[]) => {
      let asked = 0
      const resolve: Resolve = async () => {
        asked += 1
        return [{ address: rounds[Math.min(asked, rounds.length) - 1] ?? '', family: 4 }]
      }
      // the range is open, the name is not: the address alone decides
      const guard = createAddressGuard({ allowed: ['127.0.0.1', 'named.example'], resolve })
      return { asked: () => asked, by: createPoster(guard) }
    }

    it('connects to the address that was checked: it is asked once for each attempt', async () => {
      const { asked, by } = rebinding('127.0.0.1', '169.254.169.254')
      await send(`http://named.example:${port()}/`, 5_000, by)
      expect([asked(), receiver.received.length]).toEqual([1, 1])
      await expect(send(`http://named.example:${port()}/`, 5_000, by)).rejects.toThrow('never sent to')
      expect([asked(), receiver.received.length]).toEqual([2, 1])
      await by.close()
    })
  })

  it('that would be very large is not sent', async () => {
    const large = { ...notification, title: 'x'.repeat(70_000) }
    const target = { settings: { kind: 'webhook', url: receiver.url }, secret: SECRET } as const
    await expect(createWebhookNotifier(poster).send(target, large, attempt())).rejects.toMatchObject({
      permanent: true,
    })
    expect(receiver.received).toEqual([])
  })

  it('of the shape of Slack holds no mention, no link and no markup', async () => {
    const target = { settings: { kind: 'slack', host: '127.0.0.1' }, secret: receiver.url } as const
    await createSlackNotifier(poster).send(target, notification, attempt())
    const body = JSON.parse(receiver.received[0]?.body ?? '') as {
      text: string
      mrkdwn: boolean
      blocks: { text: unknown }[]
    }
    expect([body.text, body.mrkdwn]).toEqual(['Tenant a &lt;!channel&gt; &amp; *b* é😀', false])
    expect(body.blocks.map(({ text }) => text)).toEqual([
      { type: 'plain_text', text: notification.title, emoji: false },
      { type: 'plain_text', text: 'one\ntwo', emoji: false },
    ])
  })
})

describe('an e-mail', () => {
  let server: MailServer
  afterEach(() => server.close())
  const send = (changes: Record<string, unknown> = {}, by = loopback, milliseconds?: number) =>
    createSmtpNotifier(by).send(
      {
        settings: {
          kind: 'smtp',
          host: '127.0.0.1',
          port: server.port,
          security: 'none',
          username: null,
          from: 'alerts@example.com',
          to: ['ops@example.com', 'money@example.com'],
          ...changes,
        },
        secret: 'a password',
      },
      { ...notification, title: `Tenant ${HOSTILE}` },
      attempt(milliseconds),
    )

  it('arrives once for all, with one subject, no header of a stranger, and an id that stays', async () => {
    server = await startMailServer()
    await send()
    const [letter = ''] = server.letters
    const [head = '', body = ''] = letter.split('\r\n\r\n')
    expect(server.letters).toHaveLength(1)
    expect(head).toContain('Message-ID: <alert_1@example.com>')
    expect(head).toContain('To: ops@example.com, money@example.com')
    expect(head).not.toMatch(/^bcc:/im)
    expect(server.commands.filter((command) => command.startsWith('RCPT'))).toHaveLength(2)
    expect(body).toContain('one\r\ntwo')
  })

  it('signs in when it is told to', async () => {
    server = await startMailServer()
    await send({ username: 'someone' })
    const plain = Buffer.from('\0someone\0a password').toString('base64')
    expect(server.commands).toContain(`AUTH PLAIN ${plain}`)
  })

  it('asks TLS for the name that was set, at the address that was checked', async () => {
    server = await startMailServer({ tls: TLS_FOR_TESTS })
    const guard = createAddressGuard({
      allowed: ['mail.example'],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    })
    await expect(send({ host: 'mail.example', security: 'tls' }, guard)).rejects.toThrow(/^cannot be reached/)
    expect(server.askedNames).toEqual(['mail.example'])
    expect(server.letters).toEqual([])
  })

  it('is not sent in clear where TLS is asked for, nor to hosts that are not allowed', async () => {
    server = await startMailServer()
    await expect(send({ security: 'starttls' })).rejects.toThrow(/^cannot be reached/)
    await expect(send({ host: '127.0.0.2', security: 'starttls' })).rejects.toThrow('not public')
    await expect(send({ host: 'mail.example.com' })).rejects.toThrow('may only be spoken to over TLS')
    expect(server.letters).toEqual([])
  })

  it('to a server that says nothing takes no longer than asked', async () => {
    server = await startMailServer({ silent: true })
    await expect(send({}, loopback, 100)).rejects.toThrow('took too long')
  })
})

describe('a message to SNS', () => {
  let simulator: RunningSimulator
  beforeEach(async () => {
    simulator = await startSimulator()
  })
  afterEach(() => simulator.close())
  const send = (topic: string) => {
    const credentials = { accessKeyId: 'AKIASIMULATOR000001', secretAccessKey: 'simulator-secret' }
    const notifier = createSnsNotifier({ endpoint: simulator.url, credentials })
    const settings = { kind: 'sns', topicArn: `arn:aws:sns:eu-west-1:123456789012:${topic}` } as const
    return notifier.send({ settings, secret: null }, notification, attempt()).finally(notifier.close)
  }

  it('holds words for people and JSON for queues, under a subject that SNS takes', async () => {
    await send('alerts')
    await send('alerts.fifo')
    const [first, ordered] = simulator.published()
    expect(first).toMatchObject({ subject: 'Tenant a <!channel> & *b* ???', message: { default: 'one\ntwo' } })
    expect(JSON.parse(first?.message.sqs ?? '')).toMatchObject({ data: { alert_id: 'alert_1' } })
    expect([first?.deduplicationId, ordered?.deduplicationId]).toEqual([null, 'alert_1'])
  })

  it('that SNS refuses is told by the name of the error', async () => {
    await expect(send('missing')).rejects.toThrow(/^SNS refused \(NotFound\w*\)$/)
  })
})
