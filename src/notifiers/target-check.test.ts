// What is wrong with a target is said before it is kept.

import { expect, it } from 'vitest'
import type { TargetSettings } from '../core/alert-delivery.ts'
import { createAddressGuard } from './address-guard.ts'
import { targetProblem } from './target-check.ts'

const guard = createAddressGuard({ allowed: ['hooks.internal', '10.1.0.0/16'] })
const webhook = (url: string): TargetSettings => ({ kind: 'webhook', url })
const mail = (host: string, security: 'tls' | 'none' = 'tls'): TargetSettings => ({
  kind: 'smtp',
  host,
  port: 25,
  security,
  username: null,
  from: 'a@example.com',
  to: ['b@example.com'],
})

it.each<[TargetSettings, string | null]>([
  [webhook('https://hooks.example.com/a?b=c'), null],
  [webhook('https://8.8.8.8/'), null],
  [webhook('http://hooks.internal/'), null],
  [webhook('http://10.1.2.3:8080/'), null],
  [webhook('http://hooks.example.com/'), 'url'],
  [webhook('ftp://hooks.example.com/'), 'url'],
  [webhook('https://'), 'url'],
  [webhook('https://user@hooks.example.com/'), 'url'],
  [webhook('https://:secret@hooks.example.com/'), 'url'],
  [webhook('https://10.2.0.1/'), 'url'],
  [webhook('https://2130706433/'), 'url'],
  [webhook('https://0177.1/'), 'url'],
  [webhook('https://0xA9FEA9FE/'), 'url'],
  [webhook('https://[::1]/'), 'url'],
  [webhook('https://[::ffff:10.2.0.1]/'), 'url'],
  [mail('mail.example.com'), null],
  [mail('hooks.internal', 'none'), null],
  [mail('mail.example.com', 'none'), 'security'],
  [mail('2130706433'), 'host'],
  [mail('::1'), 'host'],
  [mail('[fd00:ec2::254]'), 'host'],
  [mail('mail.example.com:25'), 'host'],
  [{ kind: 'sns', topicArn: 'arn:aws:sns:us-east-1:123456789012:a.fifo' }, null],
  [{ kind: 'sns', topicArn: 'arn:aws-us-gov:sns:us-gov-west-1:123456789012:a' }, null],
  [{ kind: 'sns', topicArn: 'arn:aws:sns:evil.example/:123456789012:a' }, 'topic_arn'],
  [{ kind: 'sns', topicArn: 'arn:aws:sqs:us-east-1:123456789012:a' }, 'topic_arn'],
])('%j: %s', (settings, field) => {
  expect(targetProblem(guard, settings, null)?.field ?? null).toBe(field)
})

it('judges the URL that is a secret without repeating it', () => {
  const problem = targetProblem(guard, { kind: 'slack', host: 'h' }, 'https://127.0.0.1/services/SECRET')
  expect(problem?.field).toBe('url')
  expect(problem?.message).not.toContain('SECRET')
})
