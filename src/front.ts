// The front of the process: one port with its limits, what HTTP itself refuses, and WebSockets beside plain calls.

import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Application } from './application.ts'
import type { Config } from './config.ts'
import { pathOfProxied } from './gateway/routers/proxy.ts'
import type { SocketLimits, Sockets } from './gateway/sockets.ts'
import { createListener, type Listener } from './http/listener.ts'
import { createHttpFaults } from './http-faults.ts'
import type { Metrics } from './metrics.ts'
import type { RouterFile } from './router-file.ts'

export type FrontDependencies = {
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
  readonly application: Application
  readonly sockets: Sockets
  readonly routerFile: Pick<RouterFile, 'current'>
  readonly newId: () => string
  readonly now: () => number
}

export function frontOf(dependencies: FrontDependencies): Listener {
  const { config, log, metrics, application, sockets, routerFile, newId, now } = dependencies
  const { tlsCertFile, tlsKeyFile } = config
  const tls =
    tlsCertFile === null || tlsKeyFile === null
      ? {}
      : { tls: { cert: readFileSync(tlsCertFile), key: readFileSync(tlsKeyFile) } }
  const faults = createHttpFaults({
    count: metrics.onHttpFault,
    log: (level, fields, words) => log[level](fields, words),
    newId,
    now,
  })
  return createListener({
    onRequest: (exchange) => void application.handle(exchange),
    originForm: (target, host) => pathOfProxied(routerFile.current(), target, host),
    onWebSocket: (handshake) => void sockets.handle(handshake),
    ...faults,
    ...tls,
    limits: {
      headerBytes: config.maxHeaderBytes,
      headersMilliseconds: config.headersTimeoutMilliseconds,
      requestMilliseconds: config.bodyTimeoutMilliseconds,
      keepAliveIdleMilliseconds: config.keepAliveTimeoutMilliseconds,
      writeStallMilliseconds: config.writeStallTimeoutMilliseconds,
      connections: config.maxConnections,
    },
  })
}

export const socketLimitsOf = (config: Config): SocketLimits => ({
  connections: config.maxWebSockets,
  calls: config.webSocketMaxCalls,
  messageBytes: config.webSocketMaxMessageBytes,
  messagesPerSecond: config.webSocketMessagesPerSecond,
  idleMilliseconds: config.webSocketIdleSeconds * 1_000,
  pingMilliseconds: config.webSocketPingSeconds * 1_000,
})
