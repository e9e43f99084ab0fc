// What the file of routers says of processors and of the call log is read whole, or refused with every place that is wrong.

import { describe, expect, it } from 'vitest'
import type { CallLogDefinition } from '../core/call-log.ts'
import type { ProcessorRowDefinitions } from '../core/processor-definition.ts'
import { readRouters } from './index.ts'

const ROUTERS = [
  { path: '/a/', outbound: { url: 'https://a.example' } },
  { path: '/b/', outbound: { url: 'https://b.example' } },
]

function read(sections: object) {
  return readRouters({
    text: JSON.stringify({ routers: ROUTERS, ...sections }),
    environment: { TOKEN: 'a-token' },
    readCertificates: () => '',
    digest: (content) => `${content.length}`,
  })
}

const problemsOf = (sections: object): readonly string[] =>
  read(sections).problems.map(({ path, words }) => `${path} ${words}`)

const rowsOf = (side: 'request' | 'response', rows: unknown): ProcessorRowDefinitions =>
  read({ [side]: { processors: rows } }).configuration?.sections[side] as ProcessorRowDefinitions

const HTTP = { name: 'filter', http: 'http://127.0.0.1:9000/filter' }

describe('rows of processors', () => {
  it('are read with what stands for what is left out', () => {
    expect(rowsOf('request', [[HTTP], []])).toEqual([
      [
        {
          name: 'filter',
          modifier: false,
          required: false,
          async: false,
          inputFieldsInclude: [],
          inputFieldsExclude: [],
          outputFieldsWrite: [],
          timeoutMilliseconds: 50,
          atOnce: 64,
          routerPaths: null,
          link: { kind: 'http', url: 'http://127.0.0.1:9000/filter', headers: {} },
        },
      ],
      [],
    ])
  })

  it('name modules, and what comes with the gateway, and take secrets from the environment', () => {
    const [row = []] = rowsOf('request', [
      [
        { name: 'own', module: './own.js', workers: 3, options: { deep: { a: 1 } }, routers: ['/a/'] },
        { name: 'limit', builtin: 'guardrail', options: { id: 'gr1' }, output_fields_write: ['control'] },
        { ...HTTP, headers: { 'X-Token': '${TOKEN}' } },
        { name: 'spread', builtin: 'broker', options: { targets: ['/a/', '/b/'], block_direct: true } },
      ],
    ])
    expect(row[0]).toMatchObject({ atOnce: 3, routerPaths: ['/a/'], link: { kind: 'module', path: './own.js' } })
    expect(row[1]?.link).toMatchObject({ name: 'guardrail', options: { id: 'gr1', version: 'DRAFT', status: 200 } })
    expect(row[2]?.link).toMatchObject({ headers: { 'X-Token': 'a-token' } })
    expect(row[3]?.link).toMatchObject({ options: { disableMilliseconds: 600_000, blockDirect: true } })
  })

  it('are given the whole request with an answer only where they name it', () => {
    expect(rowsOf('response', [[HTTP]])[0]?.[0]?.inputFieldsExclude).toEqual(['request'])
    const asks = { ...HTTP, input_fields_include: ['request'] }
    expect(rowsOf('response', [[asks]])[0]?.[0]?.inputFieldsExclude).toEqual([])
  })

  const first = 'request.processors[0][0]'
  it.each([
    ['request.processors must be a list', {}],
    ['request.processors must be a list', [HTTP]],
    [`${first} must be a mapping`, [[7]]],
    [`${first}.name is missing`, [[{ http: HTTP.http }]]],
    [`${first}.name must be 1 to 64`, [[{ ...HTTP, name: 'a b' }]]],
    [`${first}.timeot is not known`, [[{ ...HTTP, timeot: 50 }]]],
    [`${first}.timeout must be a whole number`, [[{ ...HTTP, timeout: 0 }]]],
    [`${first}.modifier must be true or false`, [[{ ...HTTP, modifier: 'yes' }]]],
    ['one of http, module and builtin', [[{ name: 'a' }]]],
    ['one of http, module and builtin', [[{ ...HTTP, builtin: 'mock' }]]],
    [`${first}.builtin must be one of mock`, [[{ name: 'a', builtin: 'spacy' }]]],
    [`${first}.http must be an http or https URL`, [[{ name: 'a', http: 'ftp://x/' }]]],
    [`${first}.http must be an http or https URL`, [[{ name: 'a', http: 'http://u:p@x/' }]]],
    [`${first}.routers names the router "/c/", which there is not`, [[{ ...HTTP, routers: ['/c/'] }]]],
    ['names "ingress_payload", which only the gateway', [[{ ...HTTP, output_fields_write: ['ingress_payload'] }]]],
    ['is no name of a field', [[{ ...HTTP, output_fields_write: ['__proto__'] }]]],
    [`${first}.required cannot be with async`, [[{ ...HTTP, required: true, async: true }]]],
    ['makes "control" come too late', [[{ ...HTTP, async: true, output_fields_write: ['control'] }]]],
    ['is that of another processor too', [[HTTP], [HTTP]]],
    [`${first}.options.speed is not known`, [[{ name: 'a', builtin: 'mock', options: { speed: 1 } }]]],
    [`${first}.options.targets must name at least one`, [[{ name: 'a', builtin: 'broker' }]]],
    [
      `${first}.options.targets names the router "/c/"`,
      [[{ name: 'a', builtin: 'broker', options: { targets: '/c/' } }]],
    ],
    [`${first}.options.id must be the id`, [[{ name: 'a', builtin: 'guardrail', options: { id: '../x' } }]]],
    [`${first}.options.id is missing`, [[{ name: 'a', builtin: 'guardrail' }]]],
    [`${first}.options.pattern has a`, [[{ name: 'a', builtin: 'regex', options: { pattern: '(a' } }]]],
  ])('are refused: %s', (words, rows) => {
    expect(problemsOf({ request: { processors: rows } }).join('\n')).toContain(words)
  })

  it('of answers take no annotator that is required', () => {
    const must = { ...HTTP, required: true }
    expect(problemsOf({ response: { processors: [[must]] } })[0]).toContain('never waits for an annotator')
    expect(problemsOf({ response: { processors: [[{ ...must, modifier: true }]] } })).toEqual([])
  })
})

describe('the call log', () => {
  const logOf = (logger: object): CallLogDefinition =>
    read({ logger }).configuration?.sections['logger'] as CallLogDefinition

  it('is off where nothing is said', () => {
    const log = logOf({})
    expect([...log.routerPaths, ...log.writers]).toEqual([])
  })

  it('has every kind of place, by the names of the sample gateway', () => {
    const { writers, routerPaths, request } = logOf({
      routers: ['/a/'],
      request: { fields_exclude: ['ingress_headers'] },
      writers: [
        { mode: 'file_writer', file_writer: { filename: 'calls.jsonl', write_mode: 'new' } },
        { mode: 'rest_api_writer', rest_api_writer: { url: 'https://log.example', port: 444, endpoint: '/log' } },
        {
          mode: 'elastic_writer',
          retry_delay_milliseconds: 500,
          elastic_writer: { url: 'https://e.example', port: 9200, index: 'calls', username: 'u', password: '${TOKEN}' },
        },
        {
          mode: 'azure_log_analytics_writer',
          azure_log_analytics_writer: { workspace_id: 'w-1', shared_key: 'YQ==', log_type: 'gecholog' },
        },
      ],
    })
    expect([...routerPaths]).toEqual(['/a/'])
    expect(request).toEqual({ include: [], exclude: ['ingress_headers'] })
    expect(writers.map(({ to }) => to)).toEqual([
      { kind: 'file', path: 'calls.jsonl', mode: 'new', rotateBytes: 104_857_600, keep: 10 },
      { kind: 'http', url: 'https://log.example:444/log', headers: {} },
      { kind: 'elastic', url: 'https://e.example:9200/calls/_doc', username: 'u', password: 'a-token' },
      {
        kind: 'azure',
        url: 'https://w-1.ods.opinsights.azure.com',
        workspaceId: 'w-1',
        sharedKey: 'YQ==',
        logType: 'gecholog',
      },
    ])
    expect(writers.map(({ retryMilliseconds }) => retryMilliseconds)).toEqual([250, 250, 500, 250])
  })

  it.each([
    ['logger.routers names the router "/c/"', { routers: ['/c/'], writers: [] }],
    ['logger.writers must say where', { routers: ['/a/'] }],
    ['logger.writers[0].mode must be one of', { writers: [{}] }],
    ['logger.writers[0].file_writer.filename is missing', { writers: [{ mode: 'file_writer' }] }],
    ['elastic_writer.index is missing', { writers: [{ mode: 'elastic_writer', elastic_writer: { url: 'http://x' } }] }],
    [
      'shared_key is missing',
      { writers: [{ mode: 'azure_log_analytics_writer', azure_log_analytics_writer: { workspace_id: 'a' } }] },
    ],
    ['logger.request.fields_include[0] is no name', { request: { fields_include: ['A B'] } }],
    ['logger.sinks is not known', { sinks: [] }],
  ])('is refused: %s', (words, logger) => {
    expect(problemsOf({ logger }).join('\n')).toContain(words)
  })
})
