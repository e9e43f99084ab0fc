// The file of routers for tests of processors: a router for each behaviour, the processors behind them, and what those do.

import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'

export type Fields = Record<string, unknown>

export function routersWithProcessors(places: {
  readonly upstream: string
  readonly processors: string
  readonly log: string
  readonly folder: string
}): object {
  const { upstream: url, processors, log, folder } = places
  writeFileSync(join(folder, 'own.mjs'), MODULE)
  return {
    routers: [
      ...NAMES.map((name) => ({ path: `/${name}/`, outbound: { url: `${url}/${name}` } })),
      { path: '/strict/', ingress: { headers: { 'X-Pass': ['yes'] } }, outbound: { url: `${url}/strict` } },
    ],
    request: { processors: requestRows(processors, folder) },
    response: { processors: responseRows(processors) },
    logger: {
      routers: NAMES.filter((name) => name !== 'plain').map((name) => `/${name}/`),
      request: { fields_exclude: ['outbound_subpath'] },
      writers: [{ mode: 'rest_api_writer', retry_delay_milliseconds: 20, rest_api_writer: { url: log } }],
    },
  }
}

const NAMES = [
  'hang',
  'crash',
  'large',
  'garbage',
  'greedy',
  'rewrite',
  'order',
  'control',
  'reroute',
  'strictly',
  'nowhere',
  'answer',
  'note',
  'module',
  'mock',
  'record',
  'good',
  'bad',
  'broker',
  'sections',
  'must',
  'mustanswer',
  'plain',
  'target',
  'guarded',
] as const

const modifier = { modifier: true }
const late = { output_fields_write: ['egress_payload', 'egress_status_code', 'my_note'] }
const quick = { timeout: 60 }

const behind =
  (at: string) =>
  (name: string, path: string, router: string, more: Fields = {}): Fields => ({
    name,
    http: `${at}${path}`,
    routers: [router],
    timeout: 1_000,
    output_fields_write: ['note', 'outbound_payload', 'outbound_headers', 'gl_path', 'control', 'control_status'],
    ...more,
  })

function requestRows(at: string, folder: string): readonly (readonly Fields[])[] {
  const http = behind(at)
  return [
    [
      http('hang', '/hang', '/hang/', quick),
      http('crash', '/crash', '/crash/'),
      http('large', '/large', '/large/'),
      http('garbage', '/garbage', '/garbage/'),
      http('greedy', '/greedy', '/greedy/', { output_fields_write: ['note', 'outbound_payload'] }),
      http('rewrite', '/rewrite', '/rewrite/', modifier),
      http('first', '/first', '/order/', modifier),
      http('second', '/second', '/order/', modifier),
      http('control', '/control', '/control/'),
      http('reroute', '/reroute', '/reroute/', modifier),
      http('strictly', '/reroute-strict', '/strictly/', modifier),
      http('nowhere', '/nowhere', '/nowhere/', modifier),
      http('must', '/hang', '/must/', { ...quick, required: true }),
      ...requestBuiltins(folder),
    ],
    [GUARDED, http('after', '/after', '/order/', modifier), http('never', '/after', '/control/', modifier)],
  ]
}

const requestBuiltins = (folder: string): readonly Fields[] => [
  {
    name: 'own',
    module: join(folder, 'own.mjs'),
    routers: ['/module/'],
    timeout: 3_000,
    ...modifier,
    output_fields_write: ['outbound_payload'],
  },
  {
    name: 'mock',
    builtin: 'mock',
    routers: ['/mock/'],
    timeout: 5_000,
    output_fields_write: ['control', 'control_status', 'control_headers'],
  },
  {
    name: 'broker',
    builtin: 'broker',
    routers: ['/broker/'],
    ...modifier,
    output_fields_write: ['gl_path'],
    options: { targets: ['/good/', '/bad/'], block_direct: true },
  },
]

const GUARDED: Fields = {
  name: 'guarded',
  builtin: 'guardrail',
  routers: ['/guarded/'],
  timeout: 20_000,
  required: true,
  output_fields_write: ['control', 'control_status'],
  options: { id: 'gr1abc', version: '1', status: 403 },
}

function responseRows(at: string): readonly (readonly Fields[])[] {
  const http = behind(at)
  return [
    [
      http('answer', '/answer', '/answer/', { ...modifier, ...late }),
      http('note', '/note', '/note/', late),
      http('slownote', '/hang', '/note/', { ...late, timeout: 700 }),
      http('mustanswer', '/crash', '/mustanswer/', { ...modifier, required: true, ...late }),
      { name: 'recording', builtin: 'mock', async: true, routers: ['/record/'], timeout: 5_000 },
      {
        name: 'sections',
        builtin: 'regex',
        routers: ['/sections/'],
        timeout: 20_000,
        ...modifier,
        output_fields_write: ['egress_payload'],
        options: { pattern: '```json[^`]*```', text_paths: ['text'], without_start: '```json', without_end: '```' },
      },
    ],
  ]
}

const MODULE = `export default ({ outbound_payload }) => {
  if (outbound_payload.do === 'loop') for (;;) {}
  if (outbound_payload.do === 'exit') process.exit(1)
  return { outbound_payload: { ...outbound_payload, module: true } }
}`

/** What each processor does, by its path. */
export const BEHAVIOURS: Readonly<Record<string, (fields: Fields, response: ServerResponse) => void>> = {
  '/hang': () => undefined,
  '/crash': (_, response) => response.destroy(),
  '/large': (_, response) => response.end(`{"note":"${'x'.repeat(10_000_000)}"}`),
  '/garbage': (_, response) => response.end('<html>\u0000'),
  '/greedy': (_, response) =>
    say(response, {
      gl_path: '/elsewhere/',
      ingress_payload: 1,
      error: [],
      outbound_payload: { stolen: true },
      note: 1,
    }),
  '/rewrite': (fields, response) =>
    say(response, {
      outbound_payload: { ...(fields['outbound_payload'] as Fields), added: true },
      outbound_headers: { ...(fields['outbound_headers'] as Fields), 'X-Added': ['yes'], Host: ['evil.example'] },
    }),
  '/first': (_, response) => setTimeout(() => say(response, { outbound_payload: { by: 'first' } }), 30),
  '/second': (_, response) => say(response, { outbound_payload: { by: 'second' } }),
  '/after': (fields, response) =>
    say(response, { outbound_payload: { ...(fields['outbound_payload'] as Fields), later: 'after' } }),
  '/control': (_, response) => say(response, { control: { is_toxic: true }, control_status: 451 }),
  '/reroute': (_, response) => say(response, { gl_path: '/target/' }),
  '/reroute-strict': (_, response) => say(response, { gl_path: '/strict/' }),
  '/nowhere': (_, response) => say(response, { gl_path: '/missing/' }),
  '/answer': (fields, response) =>
    say(response, { egress_payload: { ...(fields['egress_payload'] as Fields), extra: 1 }, egress_status_code: 202 }),
  '/note': (_, response) => say(response, { my_note: 'late' }),
}

const say = (response: ServerResponse, fields: Fields): void => void response.end(JSON.stringify(fields))
