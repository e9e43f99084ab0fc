// An alert by e-mail: the server's name is resolved and checked first, the checked address is connected to, and TLS still asks for the name.

import { isIP } from 'node:net'
import { createTransport } from 'nodemailer'
import { NotifierFailure, type Notifier, type SettingsOf } from '../core/alert-delivery.ts'
import type { AddressGuard } from './address-guard.ts'
import { failureOf } from './poster.ts'

const LONGEST_STEP_MILLISECONDS = 10_000

export const createSmtpNotifier = (guard: AddressGuard): Notifier<'smtp'> => ({
  async send({ settings, secret }, notification, { signal }) {
    if (settings.security === 'none' && !guard.isNamed(settings.host)) {
      throw new NotifierFailure(`"${settings.host}" may only be spoken to over TLS`)
    }
    try {
      const addresses = await guard.addressesOf(settings.host)
      const address = (addresses.find(({ family }) => family === 4) ?? addresses[0])?.address ?? ''
      const transport = createTransport(transportOptions(settings, address, secret))
      await untilAborted(signal, () => transport.close(), transport.sendMail(mailOf(settings, notification)))
    } catch (thrown) {
      throw failureOf(thrown, signal)
    }
  },
})

function transportOptions(settings: SettingsOf<'smtp'>, address: string, secret: string | null) {
  const { host, port, security, username } = settings
  return {
    host: address,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { minVersion: 'TLSv1.2' as const, ...(isIP(host) === 0 ? { servername: host } : {}) },
    ...(username === null ? {} : { auth: { user: username, pass: secret ?? '' } }),
    connectionTimeout: LONGEST_STEP_MILLISECONDS,
    greetingTimeout: LONGEST_STEP_MILLISECONDS,
    socketTimeout: LONGEST_STEP_MILLISECONDS,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

function mailOf({ from, to }: SettingsOf<'smtp'>, { id, title, lines }: Parameters<Notifier<'smtp'>['send']>[1]) {
  return {
    from,
    to: [...to],
    subject: title,
    text: `${lines.join('\n')}\n`,
    // the same at each attempt: most mail systems show a repetition once
    messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Weighbridge-Alert-Id': id },
  }
}

async function untilAborted<Result>(signal: AbortSignal, stop: () => void, work: Promise<Result>): Promise<Result> {
  let onAbort = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      stop()
      reject(new NotifierFailure('took too long'))
    }
  })
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
