// A mail server on loopback that says yes to everything, or hangs, and remembers the letters and what TLS asked for.

import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

export type MailServer = {
  readonly port: number
  readonly letters: readonly string[]
  /** commands as they came, without the letters */
  readonly commands: readonly string[]
  /** names that clients asked for in their TLS handshakes */
  readonly askedNames: readonly string[]
  close(): Promise<void>
}

export async function startMailServer(
  options: { readonly tls?: { readonly key: string; readonly cert: string }; readonly silent?: boolean } = {},
): Promise<MailServer> {
  const letters: string[] = []
  const commands: string[] = []
  const askedNames: string[] = []
  const sockets = new Set<Socket>()
  const serve = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (options.silent !== true) converse(socket, letters, commands)
  }
  const server =
    options.tls === undefined
      ? createServer(serve)
      : createTlsServer(
          {
            ...options.tls,
            SNICallback(name, done) {
              askedNames.push(name)
              done(null)
            },
          },
          serve,
        )
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    letters,
    commands,
    askedNames,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function converse(socket: Socket, letters: string[], commands: string[]): void {
  let buffered = ''
  let inLetter = false
  const say = (line: string): void => void socket.write(`${line}\r\n`)
  say('220 mail.example ESMTP')
  socket.on('data', (bytes: Buffer) => {
    buffered += bytes.toString('latin1')
    for (;;) {
      const mark = inLetter ? '\r\n.\r\n' : '\r\n'
      const end = buffered.indexOf(mark)
      if (end < 0) return
      const part = buffered.slice(0, end)
      buffered = buffered.slice(end + mark.length)
      if (inLetter) {
        letters.push(part)
        inLetter = false
        say('250 taken')
        continue
      }
      commands.push(part)
      inLetter = part === 'DATA'
      say(answerTo(part))
      if (part === 'QUIT') socket.end()
    }
  })
}

function answerTo(command: string): string {
  if (command.startsWith('EHLO')) return '250-mail.example\r\n250 AUTH PLAIN'
  if (command.startsWith('AUTH')) return '235 welcome'
  if (command === 'STARTTLS') return '502 not here'
  if (command === 'DATA') return '354 go on'
  return command === 'QUIT' ? '221 bye' : '250 fine'
}
