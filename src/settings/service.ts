// What the service is: where it listens, where it keeps things, and the secrets that open it.

import { credential, notBuilt, oneOf, origin, path, plain, whole } from '../config-checks.ts'
import { issuers } from '../config-issuers.ts'
import { optional, secretOptional, setting, type Setting } from '../config-setting.ts'

export const SERVICE_SETTINGS = {
  configFile: optional('WEIGHBRIDGE_CONFIG', path(), 'YAML file with settings; the environment wins over it.'),
  host: setting('WEIGHBRIDGE_HOST', '127.0.0.1', plain(253), 'Address to listen on.'),
  port: setting('WEIGHBRIDGE_PORT', '8787', whole(0, 65_535), 'Port to listen on; 0 takes a free one.'),
  tlsCertFile: optional('WEIGHBRIDGE_TLS_CERT_FILE', path(), 'PEM certificate chain; with the key file, turns TLS on.'),
  tlsKeyFile: optional('WEIGHBRIDGE_TLS_KEY_FILE', path(), 'PEM private key of the certificate.'),
  dataDir: setting('WEIGHBRIDGE_DATA_DIR', './data', path(), 'Folder of the ledger and everything else that is kept.'),
  databaseUrl: secretOptional(
    'WEIGHBRIDGE_DATABASE_URL',
    notBuilt('PostgreSQL is not built yet; leave it unset to keep the ledger in SQLite in WEIGHBRIDGE_DATA_DIR'),
    'PostgreSQL instead of SQLite. Not built yet: refused.',
  ),
  redisUrl: secretOptional(
    'WEIGHBRIDGE_REDIS_URL',
    notBuilt('Redis is not built yet; leave it unset to keep the counters in the process'),
    'Redis or Valkey for counters shared by nodes. Not built yet: refused.',
  ),
  adminToken: secretOptional(
    'WEIGHBRIDGE_ADMIN_TOKEN',
    credential(16),
    'Bearer token of the admin API, 16 characters or more. Unset: made at the first start and shown once.',
  ),
  rootSecret: secretOptional(
    'WEIGHBRIDGE_ROOT_SECRET',
    credential(32),
    'Secret that virtual secret access keys are derived from, 32 characters or more. Unset: made at the first start and kept in the data folder.',
  ),
  oidcIssuers: setting(
    'WEIGHBRIDGE_OIDC_ISSUERS',
    '{}',
    issuers(16),
    'JSON object from short names to OpenID issuers whose tokens are taken as credentials, such as Cognito user pools; at most 16. Unset: none.',
  ),
  url: setting('WEIGHBRIDGE_URL', 'http://127.0.0.1:8787', origin(), 'Where the CLI finds the running gateway.'),
  logLevel: setting(
    'WEIGHBRIDGE_LOG_LEVEL',
    'info',
    oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    'What to log.',
  ),
} as const satisfies Record<string, Setting<unknown>>
