// The file of path routers: what comes of a good one, and that a bad one tells every problem with its place.

import { describe, expect, it } from 'vitest'
import type { Router, RouterConfiguration } from '../core/router.ts'
import { readRouters } from './index.ts'

const ENVIRONMENT = { API_BASE: 'https://api.example.com/v1', PROVIDER_KEY: 'provider-secret', EMPTY: '' }
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----'

const read = (text: string, environment: Readonly<Record<string, string>> = ENVIRONMENT) =>
  readRouters({
    text,
    environment,
    readCertificates: (file) => {
      if (file === 'ca.pem') return CERTIFICATE
      throw new RangeError(`names "${file}", which cannot be read`)
    },
    digest: (content) => `digest of ${content.length}`,
  })

function good(text: string): RouterConfiguration {
  const { configuration, problems } = read(text)
  if (configuration === null) throw new Error(problems.map(({ path, words }) => `${path} ${words}`).join('\n'))
  return configuration
}

const router = (text: string): Router => good(`routers:\n${text}`).routers[0] as Router

const problemsOf = (text: string): readonly string[] => read(text).problems.map(({ path, words }) => `${path} ${words}`)

describe('a good file', () => {
  it('has everything that a router can say', () => {
    const found = router(`
  - path: /service/standard/
    ingress:
      headers:
        Content-Type: ['application/json', 'application/json; charset=utf-8']
        Api-Key: 'regex:.+'
        X-Any:
      tenants: [team-a]
      max_body_bytes: 1000
    outbound:
      url: \${API_BASE}/?a=1&b=2
      endpoint: chat/completions?b=3
      headers: { Authorization: 'Bearer \${PROVIDER_KEY}', X-Two: [a, b] }
      remove_headers: Api-Key
      tls: { cert_files: ca.pem }
      idle_timeout_milliseconds: 500
    masked_headers: [X-Secret]
    model: { body: model, prefix: openai. }
    usage:
      input_tokens: [inbound_payload.usage.prompt_tokens, usage.input_tokens]
      output_tokens: results.0.tokenCount
      cache_read_tokens: a\\.b.c
      includes: { input_tokens: cache_read_tokens }
      max_output_tokens: 4096
    limits:
      - { kind: tokens, per: minute, amount: 500, counts: output }
      - { kind: cost, per: day, amount: '0.5' }`)
    expect(found).toMatchObject({
      name: 'service/standard',
      credential: { kind: 'key' },
      tenantIds: ['team-a'],
      maxBodyBytes: 1000,
      setHeaders: ['authorization', 'Bearer provider-secret', 'x-two', 'a', 'x-two', 'b'],
      model: { from: 'body', value: 'model', prefix: 'openai.' },
      target: {
        origin: 'https://api.example.com',
        basePath: '/v1',
        endpoint: 'chat/completions',
        query: 'b=3&a=1',
        certificates: CERTIFICATE,
        systemCertificates: true,
        idleTimeoutMilliseconds: 500,
      },
    })
    expect(found.headerRules.map(({ name, values, pattern }) => [name, values, pattern?.source])).toEqual([
      ['content-type', ['application/json', 'application/json; charset=utf-8'], undefined],
      ['api-key', null, '.+'],
      ['x-any', null, undefined],
    ])
    expect([...found.removedHeaders]).toEqual(['api-key'])
    expect([...found.maskedHeaders]).toContain('authorization')
    expect([...found.maskedHeaders]).toContain('x-secret')
    expect(found.usage).toEqual({
      paths: [
        ['input_tokens', ['usage', 'prompt_tokens']],
        ['input_tokens', ['usage', 'input_tokens']],
        ['output_tokens', ['results', '0', 'tokenCount']],
        ['cache_read_tokens', ['a.b', 'c']],
      ],
      includes: [['input_tokens', 'cache_read_tokens']],
      maxOutputTokens: 4096,
    })
    expect(found.limits.map(({ kind, per, amount, scope }) => [kind, per, amount, scope?.surfaces])).toEqual([
      ['tokens', 'minute', 500n, ['router:service/standard']],
      ['cost', 'day', 500_000_000_000n, ['router:service/standard']],
    ])
  })

  it('may be JSON, may be empty, and may use anchors', () => {
    expect(good('{"routers":[{"path":"/echo/","echo":true}]}').routers[0]).toMatchObject({ target: null })
    expect(good('').routers).toEqual([])
    const twice = good(`
routers:
  - { path: /a/, outbound: &out { url: 'http://x' } }
  - { path: /b/, outbound: *out }`)
    expect(twice.routers.map(({ target }) => target?.origin)).toEqual(['http://x', 'http://x'])
  })

  it('has another checksum when a certificate that it names is another', () => {
    const text = `{"routers":[{"path":"/a/","outbound":{"url":"https://x","tls":{"cert_files":["ca.pem"]}}}]}`
    const checksums = ['short', 'a longer one'].map(
      (certificate) =>
        readRouters({
          text,
          environment: {},
          readCertificates: () => certificate,
          digest: (content) => `${content.length}`,
        }).configuration?.checksum,
    )
    expect(checksums[0]).not.toBe(checksums[1])
  })

  it('leaves "$${" as it is meant, and takes no meaning from what a variable holds', () => {
    const text = `routers: [{ path: /a/, outbound: { url: 'http://x', headers: { X-A: '$\${NOT}', X-B: '\${TRICK}' } } }]`
    const { configuration } = read(text, { TRICK: "a' } }, { path: /evil/ }] #${NEXT}" })
    expect(configuration?.routers).toHaveLength(1)
    expect(configuration?.routers[0]?.setHeaders).toEqual([
      'x-a',
      '${NOT}',
      'x-b',
      "a' } }, { path: /evil/ }] #${NEXT}",
    ])
  })

  it('knows which hosts it is a proxy for', () => {
    const { proxyHosts } = good(`
proxy: { hosts: { bedrock-runtime.us-east-1.amazonaws.com: bedrock, 'api.example.com:8443': a } }
routers: [{ path: /a/, outbound: { url: 'http://x' } }]`)
    expect([...proxyHosts]).toEqual([
      ['bedrock-runtime.us-east-1.amazonaws.com', null],
      ['api.example.com:8443', 'a'],
    ])
  })
})

describe('a bad file', () => {
  it('tells every problem at once, each with its place', () => {
    const problems = problemsOf(`
surprise: 1
routers:
  - path: /no-hyphens/
  - path: /v1/chat/
    outbound: { url: 'ftp://x', headers: { 'bad name': x, Host: x, X: '\${MISSING}', Y: '\${EMPTY}', Z: '\${not a name}' } }
  - path: /a/
    outbound: { url: 'http://x', tls: { insecure: true, cert_files: [gone.pem] }, retries: 11 }
    ingress: { credential: rules, headers: { Content-Type: x, B: 'regex:(', C: '' } }
  - path: /a/
    outbound: { url: 'http://x/base' }
    ingress: { credential: presigned, tenant: t }
    usage: { puffins: a, input_tokens: b, includes: { input_tokens: puffins } }
    limits: [{ kind: tokens, amount: 1.5 }, { kind: concurrency, per: day, amount: 1 }]
    model: { fixed: a, body: b }
  - path: /echo/
    echo: true
    outbound: { url: 'http://x' }`)
    const places = problems.map((problem) => problem.split(' ')[0])
    expect(new Set(places)).toEqual(
      new Set([
        'surprise',
        'routers[0].path',
        'routers[0].outbound.url',
        'routers[1].path',
        'routers[1].outbound.url',
        'routers[1].outbound.headers.bad',
        'routers[1].outbound.headers.Host',
        'routers[1].outbound.headers.X',
        'routers[1].outbound.headers.Y',
        'routers[1].outbound.headers.Z',
        'routers[2].outbound.tls.insecure',
        'routers[2].outbound.tls.cert_files[0]',
        'routers[2].outbound.retries',
        'routers[2].ingress.credential',
        'routers[2].ingress.tenant',
        'routers[2].ingress.headers.B',
        'routers[2].ingress.headers.C',
        'routers[3].path',
        'routers[3].name',
        'routers[3].outbound.url',
        'routers[3].usage.puffins',
        'routers[3].usage.includes.input_tokens',
        'routers[3].limits[0].per',
        'routers[3].limits[0].amount',
        'routers[3].limits[1].per',
        'routers[3].model',
        'routers[4].outbound',
        'routers[4].outbound.url',
      ]),
    )
    expect(problems).toContain('routers[1].outbound.headers.X needs the environment variable MISSING, which is not set')
  })

  it.each([
    ['text', 'just text'],
    ['a list', '[1, 2]'],
    ['broken YAML', 'a: [secret-in-file'],
    ['a bomb of aliases', `a: &a [x,x,x,x,x,x,x,x,x,x]\n${bomb()}`],
    ['routers that are no list', 'routers: { a: 1 }'],
    ['a router that is no mapping', 'routers: [1]'],
    ['a proxy for a router that there is not', 'proxy: { hosts: { a.example: nowhere } }'],
    ['a proxy for a host that is none', 'proxy: { hosts: { "https://a": bedrock } }'],
    ['a number for an address', 'routers: [{ path: /a/, outbound: 5 }]'],
  ])('%s is one', (_what, text) => {
    const { configuration, problems } = read(text)
    expect(configuration).toBeNull()
    expect(problems.length).toBeGreaterThan(0)
    expect(JSON.stringify(problems)).not.toContain('secret-in-file')
  })

  function bomb(): string {
    const names = 'abcdefghij'.split('')
    return names
      .slice(1)
      .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${names[index]}`).join(',')}]`)
      .join('\n')
  }
})
