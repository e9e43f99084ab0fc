// Settings: read once, checked all together, unknown ones refused.

import { describe, expect, it } from 'vitest'
import { ConfigError, describeSettings, loadConfig, SETTINGS } from './config.ts'

const noFile = (path: string): string => {
  throw new Error(`ENOENT: no such file or directory, open '${path}'`)
}

const problemsOf = (environment: Record<string, string>, file: string | null = null): readonly string[] => {
  try {
    loadConfig(environment, file === null ? noFile : () => file)
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems
    throw thrown
  }
  return []
}

describe('loadConfig', () => {
  it('needs nothing: every setting has a default or is null', () => {
    const config = loadConfig({}, noFile)
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8787,
      dataDir: './data',
      databaseUrl: null,
      redisUrl: null,
      adminToken: null,
      bedrockRuntimeEndpoint: null,
      bedrockEndpoint: null,
      sagemakerEndpoint: null,
      tlsCertFile: null,
      tlsKeyFile: null,
      region: 'us-east-1',
      maxBodyBytes: 26_000_000,
      unpriced: 'hold',
      metadataKeys: [],
      regionByModel: {},
    })
    expect(Object.values(config)).not.toContain(undefined)
  })

  it('reads the environment, and an empty variable is as good as none', () => {
    const config = loadConfig(
      { WEIGHBRIDGE_PORT: '0', WEIGHBRIDGE_HOST: '', AWS_REGION: 'eu-central-1', HOME: '/root' },
      noFile,
    )
    expect(config).toMatchObject({ port: 0, host: '127.0.0.1', region: 'eu-central-1' })
  })

  it('reads the file, and the environment wins over it', () => {
    const file = [
      'port: 9000',
      'host: 0.0.0.0',
      'metadata_keys: [team, project]',
      'aws_region: us-west-2',
      'region_by_model:',
      '  "anthropic.*": eu-west-1',
      '  "*": us-east-2',
      'log_level:',
    ].join('\n')
    const config = loadConfig({ WEIGHBRIDGE_CONFIG: 'wb.yaml', WEIGHBRIDGE_HOST: '127.0.0.2' }, () => file)
    expect(config).toMatchObject({ port: 9000, host: '127.0.0.2', region: 'us-west-2', logLevel: 'info' })
    expect(config.metadataKeys).toEqual(['team', 'project'])
    expect(Object.entries(config.regionByModel)).toEqual([
      ['anthropic.*', 'eu-west-1'],
      ['*', 'us-east-2'],
    ])
  })

  it('is frozen, its lists too', () => {
    const config = loadConfig({ WEIGHBRIDGE_METADATA_KEYS: 'team' }, noFile)
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.metadataKeys)).toBe(true)
    expect(Object.isFrozen(config.regionByModel)).toBe(true)
  })

  it('tells all problems at once', () => {
    const problems = problemsOf(
      {
        WEIGHBRIDGE_CONFIG: 'wb.yaml',
        WEIGHBRIDGE_PORT: '70000',
        WEIGHBRIDGE_PROT: '1',
        WEIGHBRIDGE_TLS_CERT_FILE: 'cert.pem',
        WEIGHBRIDGE_DATABASE_URL: 'postgres://127.0.0.1/wb',
        WEIGHBRIDGE_REDIS_URL: 'redis://127.0.0.1',
      },
      'upstream_retries: many\ncolour: blue\nconfig: other.yaml\n',
    )
    expect(problems).toEqual([
      'WEIGHBRIDGE_PROT is not a setting.',
      'wb.yaml: "colour" is not a setting.',
      'wb.yaml: "config" is not a setting.',
      'WEIGHBRIDGE_PORT must be a whole number from 0 to 65535 (it is "70000").',
      'WEIGHBRIDGE_DATABASE_URL cannot be used: PostgreSQL is not built yet; leave it unset to keep the ledger in SQLite in WEIGHBRIDGE_DATA_DIR.',
      'WEIGHBRIDGE_REDIS_URL cannot be used: Redis is not built yet; leave it unset to keep the counters in the process.',
      'WEIGHBRIDGE_UPSTREAM_RETRIES must be a whole number from 0 to 10 (it is "many").',
      'WEIGHBRIDGE_TLS_CERT_FILE and WEIGHBRIDGE_TLS_KEY_FILE go together: set both or neither.',
    ])
  })

  it.each([
    ['WEIGHBRIDGE_PORT', ['1e3', '-1', '8787.5', ' 1', '0x10', 'NaN', '99999999999999999999']],
    ['WEIGHBRIDGE_HOST', ['a b', 'ü', 'x'.repeat(254)]],
    ['WEIGHBRIDGE_DATA_DIR', ['a\0b']],
    ['WEIGHBRIDGE_LOG_LEVEL', ['verbose', 'INFO']],
    ['WEIGHBRIDGE_UNPRICED', ['free']],
    ['AWS_REGION', ['us', 'us-east-1.evil.example', '../..', 'US-EAST-1']],
    ['WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT', ['bedrock', 'ftp://x', 'http://u:p@x', 'http://x/?a', 'http://x/#a']],
    ['WEIGHBRIDGE_BEDROCK_ROLE_ARN', ['arn:aws:iam::1:role/x', 'arn:aws:iam::123456789012:user/x']],
    ['WEIGHBRIDGE_REGION_BY_MODEL', ['{', '[]', '"x"', '{"a":1}', '{"a":"mars"}', '{"":"us-east-1"}', 'null']],
    [
      'WEIGHBRIDGE_ALERT_ALLOWED_HOSTS',
      [
        'a,,b',
        'http://a',
        'a b',
        '10.0.0.0/33',
        'fd00::/129',
        'name/8',
        '999.0.0.0/8',
        'a@b',
        Array.from({ length: 65 }, () => 'a').join(','),
      ],
    ],
    [
      'WEIGHBRIDGE_CORS_ALLOWED_ORIGINS',
      [
        '*',
        'app.example.com',
        'https://app.example.com/',
        'https://APP.example.com',
        'https://a.example,',
        'https://a b',
      ],
    ],
    ['WEIGHBRIDGE_METADATA_KEYS', ['a,,b', 'ä', 'x'.repeat(257), Array.from({ length: 17 }, (_, i) => i).join(',')]],
  ])('%s refuses what it must', (name, wrong) => {
    for (const text of wrong) expect(problemsOf({ [name]: text }), text).toHaveLength(1)
  })

  it.each([
    ['WEIGHBRIDGE_BEDROCK_RUNTIME_ENDPOINT', 'http://127.0.0.1:8790/', 'http://127.0.0.1:8790'],
    ['WEIGHBRIDGE_BEDROCK_ENDPOINT', 'https://vpce.example/bedrock', 'https://vpce.example/bedrock'],
    ['AWS_REGION', 'us-gov-west-1', 'us-gov-west-1'],
    ['WEIGHBRIDGE_BEDROCK_ROLE_ARN', 'arn:aws:iam::123456789012:role/a/b', 'arn:aws:iam::123456789012:role/a/b'],
    ['WEIGHBRIDGE_METADATA_KEYS', 'team, project,team', ['team', 'project']],
    [
      'WEIGHBRIDGE_ALERT_ALLOWED_HOSTS',
      'hooks.internal, 10.0.0.0/8,127.0.0.1,fd00::/8,::1',
      ['hooks.internal', '10.0.0.0/8', '127.0.0.1', 'fd00::/8', '::1'],
    ],
  ])('%s=%s is taken', (name, text, value) => {
    expect(Object.values(loadConfig({ [name]: text }, noFile))).toContainEqual(value)
  })

  it('never repeats a secret in a message', () => {
    const problems = problemsOf({ WEIGHBRIDGE_ADMIN_TOKEN: 'hunter2', WEIGHBRIDGE_ROOT_SECRET: 'hunter2' })
    expect(problems).toHaveLength(2)
    expect(problems.join()).not.toContain('hunter2')
    const broken = problemsOf({ WEIGHBRIDGE_CONFIG: 'wb.yaml' }, 'admin_token: "hunter2\n')
    expect(broken).toHaveLength(1)
    expect(broken.join()).not.toContain('hunter2')
  })

  it.each([
    ['a list', '- port'],
    ['a word', 'port'],
    ['a key twice', 'port: 1\nport: 2'],
    ['an alias', 'host: &a x\ndata_dir: *a'],
    ['more than a million characters', `# ${'x'.repeat(1_000_000)}`],
    ['a list of lists', 'metadata_keys: [[a]]'],
  ])('refuses a file that is or holds %s', (_, file) => {
    expect(problemsOf({ WEIGHBRIDGE_CONFIG: 'wb.yaml' }, file)).toHaveLength(1)
  })

  it('says which file it could not read, and takes an empty one', () => {
    expect(problemsOf({ WEIGHBRIDGE_CONFIG: '/no/where.yaml' })).toEqual([
      `WEIGHBRIDGE_CONFIG "/no/where.yaml" cannot be read: ENOENT: no such file or directory, open '/no/where.yaml'`,
    ])
    expect(problemsOf({ WEIGHBRIDGE_CONFIG: 'wb.yaml' }, '')).toEqual([])
  })
})

describe('the table of settings', () => {
  it('accepts each of its own defaults', () => {
    const settings = Object.values(SETTINGS).filter(({ defaultText }) => defaultText !== null)
    expect(settings.length).toBeGreaterThan(20)
    for (const { name, defaultText, check } of settings) expect(() => check(defaultText ?? ''), name).not.toThrow()
  })

  it('names the unit of every number, but for ports and counts of things that the name says', () => {
    const units = /_(MILLISECONDS|SECONDS|BYTES|PORT|CONNECTIONS|RETRIES|STREAMS|CALLS|WEBSOCKETS|PER_SECOND)$/
    const numbers = Object.values(SETTINGS).filter(({ defaultText }) => /^\d+$/.test(defaultText ?? ''))
    expect(numbers.length).toBeGreaterThan(10)
    for (const { name } of numbers) expect(name).toMatch(units)
  })

  it('prints a row for each setting', () => {
    const printed = describeSettings()
    for (const { name } of Object.values(SETTINGS)) expect(printed).toContain(`| \`${name}\` |`)
    expect(printed.split('\n')).toHaveLength(Object.keys(SETTINGS).length + 2)
  })
})
