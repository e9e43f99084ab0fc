// The section "logger" of the file of routers: which calls are logged whole, which of their fields, and where the records go.

import type { CallLogDefinition, FieldFilter, WriterDefinition } from '../core/call-log.ts'
import { FIELD_NAME } from '../core/processor.ts'
import type { Router } from '../core/router.ts'
import { routerPaths, webAddress } from './read-processors.ts'
import type { Section } from './section.ts'

const MOST_WRITERS = 8
const MOST_FIELDS = 100
const MODES = ['file_writer', 'rest_api_writer', 'elastic_writer', 'azure_log_analytics_writer'] as const
const WRITE_MODES = ['append', 'new', 'overwrite'] as const
const MEGABYTE = 1_048_576

export function readCallLog(section: Section, routers: readonly Router[]): CallLogDefinition {
  const definition = {
    routerPaths: new Set(routerPaths(section, 'routers', routers)),
    request: readFilter(section.section('request')),
    response: readFilter(section.section('response')),
    writers: section.sections('writers', MOST_WRITERS).map(readWriter),
    payloadBytes: section.whole('payload_bytes', { from: 0, to: 16 * MEGABYTE }) ?? MEGABYTE,
    logsRefused: section.flag('log_unauthorized', false),
  }
  if (definition.routerPaths.size > 0 && definition.writers.length === 0)
    section.problem('writers', 'must say where the records of these routers go')
  section.end()
  return definition
}

function readFilter(section: Section): FieldFilter {
  const names = (name: string): readonly string[] =>
    section.texts(name, MOST_FIELDS, FIELD_NAME, 'is no name of a field') ?? []
  const filter = { include: names('fields_include'), exclude: names('fields_exclude') }
  section.end()
  return filter
}

function readWriter(section: Section): WriterDefinition {
  const mode = section.choice('mode', MODES, 'file_writer')
  if (!section.has('mode')) section.problem('mode', `must be one of ${MODES.join(', ')}`)
  const inner = section.section(mode)
  const to = READERS[mode](inner)
  inner.end()
  const retryMilliseconds = section.whole('retry_delay_milliseconds', { from: 10, to: 60_000 }) ?? 250
  section.end()
  return { to, retryMilliseconds }
}

const READERS: Readonly<Record<(typeof MODES)[number], (section: Section) => WriterDefinition['to']>> = {
  file_writer: (section) => ({
    kind: 'file',
    path: needed(section, 'filename'),
    mode: section.choice('write_mode', WRITE_MODES, 'append'),
    rotateBytes: (section.whole('rotate_megabytes', { from: 1, to: 100_000 }) ?? 100) * MEGABYTE,
    keep: section.whole('keep_files', { from: 1, to: 10_000 }) ?? 10,
  }),
  rest_api_writer: (section) => ({
    kind: 'http',
    url: addressOf(section, section.text('endpoint') ?? ''),
    headers: section.section('headers').textMap(),
  }),
  elastic_writer: (section) => ({
    kind: 'elastic',
    url: addressOf(section, `/${needed(section, 'index', /^[a-z0-9][a-z0-9_.-]{0,200}$/)}/_doc`),
    username: section.text('username') ?? '',
    password: section.text('password') ?? '',
  }),
  azure_log_analytics_writer: (section) => {
    const workspaceId = needed(section, 'workspace_id', /^[A-Za-z0-9-]{1,64}$/)
    return {
      kind: 'azure',
      workspaceId,
      sharedKey: needed(section, 'shared_key', /^[A-Za-z0-9+/]{2,1000}={0,2}$/),
      logType: section.text('log_type', /^[A-Za-z0-9_]{1,100}$/) ?? 'weighbridge',
      url: section.has('url') ? webAddress(section, 'url') : `https://${workspaceId}.ods.opinsights.azure.com`,
    }
  },
}

function needed(section: Section, name: string, check?: RegExp): string {
  const text = section.text(name, check, check === undefined ? undefined : 'is not of the form that it must have')
  if (text === null && !section.has(name)) section.problem(name, 'is missing')
  return text ?? ''
}

/** `url`, with `port` where it says one, and the path behind it. */
function addressOf(section: Section, path: string): string {
  const base = webAddress(section, 'url')
  const port = section.whole('port', { from: 1, to: 65_535 })
  if (base === '') return ''
  const url = new URL(base)
  if (port !== null) url.port = String(port)
  return `${url.origin}${url.pathname.replace(/\/$/, '')}${path === '' || path.startsWith('/') ? path : `/${path}`}`
}
