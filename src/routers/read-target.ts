// Where the calls of a router go, as people write it: address, certificates and time limits.

import type { RouterTarget } from '../core/router.ts'
import { parameterName, withoutParameters } from '../core/query.ts'
import type { Section } from './section.ts'

const ENDPOINT = /^[\x21-\x7e]{1,2048}$/
const MILLISECONDS = { from: 10, to: 3_600_000 }

/** `readCertificates` throws with words that may be shown. */
export function readTarget(outbound: Section, readCertificates: (file: string) => string): RouterTarget | null {
  const url = readUrl(outbound)
  const endpoint = outbound.text('endpoint', ENDPOINT, 'must be a path, with its query if any')
  const [path = null, endpointQuery = ''] = endpoint === null ? [] : cut(endpoint)
  const tls = readTls(outbound.section('tls'), readCertificates)
  const times = {
    connectTimeoutMilliseconds: outbound.whole('connect_timeout_milliseconds', MILLISECONDS) ?? 5_000,
    headersTimeoutMilliseconds: outbound.whole('headers_timeout_milliseconds', MILLISECONDS) ?? 200_000,
    idleTimeoutMilliseconds: outbound.whole('idle_timeout_milliseconds', MILLISECONDS) ?? 200_000,
  }
  if (url === null) return null
  const { origin, pathname, search } = url
  const { query, queryNames } = joined([endpointQuery, search.slice(1)])
  return {
    id: JSON.stringify([origin, tls, times]),
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    endpoint: path === null ? null : path.replace(/^\/+/, ''),
    query,
    queryNames,
    ...tls,
    ...times,
  }
}

function readUrl(outbound: Section): URL | null {
  const text = outbound.text('url')
  if (text === null) {
    if (!outbound.has('url')) outbound.problem('url', 'is missing: where calls go')
    return null
  }
  const url = URL.canParse(text) ? new URL(text) : null
  const isWeb = url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
  if (isWeb && url.username === '' && url.password === '' && url.hash === '') return url
  outbound.problem('url', 'must be an http or https URL without user and fragment')
  return null
}

/** Never without a check of the other side's certificate: one that no authority signed is named here. */
function readTls(
  tls: Section,
  readCertificates: (file: string) => string,
): Pick<RouterTarget, 'certificates' | 'systemCertificates'> {
  const systemCertificates = tls.flag('system_cert_pool', true)
  if (tls.flag('insecure', false))
    tls.problem(
      'insecure',
      'is not to be had: put the certificate of the upstream, or of who signed it, into cert_files',
    )
  const files = tls.texts('cert_files', 32) ?? []
  const texts = files.flatMap((file, index) => {
    try {
      return [readCertificates(file)]
    } catch (thrown) {
      tls.problem(`cert_files[${index}]`, thrown instanceof Error ? thrown.message : 'cannot be read')
      return []
    }
  })
  if (!systemCertificates && files.length === 0)
    tls.problem('system_cert_pool', 'is false, and cert_files names nobody to trust')
  tls.end()
  return { certificates: texts.length === 0 ? null : texts.join('\n'), systemCertificates }
}

function cut(endpoint: string): readonly [path: string, query: string] {
  const at = endpoint.indexOf('?')
  return at === -1 ? [endpoint, ''] : [endpoint.slice(0, at), endpoint.slice(at + 1)]
}

/** The first of the queries that names a parameter has it. */
function joined(queries: readonly string[]): Pick<RouterTarget, 'query' | 'queryNames'> {
  const queryNames = new Set<string>()
  const parts: string[] = []
  for (const query of queries) {
    const kept = withoutParameters(query, queryNames)
    if (kept === '') continue
    parts.push(kept)
    for (const part of kept.split('&')) queryNames.add(parameterName(part))
  }
  return { query: parts.join('&'), queryNames }
}
