// Reads a file of path routers: either a configuration without any doubt, or every problem of the file at once, with its path.

import { parseDocument } from 'yaml'
import { NO_ROUTERS, type Router, type RouterConfiguration } from '../core/router.ts'
import { substituted, type Environment } from './environment.ts'
import { readCallLog } from './read-call-log.ts'
import { readProcessorRows } from './read-processors.ts'
import { HEADER_NAME, HEADER_WORDS, headerNames, readRouter } from './read-router.ts'
import { Section, type Problem } from './section.ts'

export type RouterFileContent = {
  readonly text: string
  readonly environment: Environment
  /** the text of a certificate file that this one names; throws with words that may be shown */
  readonly readCertificates: (file: string) => string
  /** hex SHA-256 */
  readonly digest: (text: string) => string
}

export type ReadRouters =
  | { readonly configuration: RouterConfiguration; readonly problems: readonly [] }
  | { readonly configuration: null; readonly problems: readonly Problem[] }

/** Reads another section of the file; problems go to the section that it is given. Made once per file. */
export type SectionReader = (section: Section, routers: readonly Router[]) => unknown

/** Sections that are not about routers themselves, by name; what a reader returns stands under that name in `sections`. */
const OTHER_SECTIONS: Readonly<Record<string, SectionReader>> = {
  request: readProcessorRows('request'),
  response: readProcessorRows('response'),
  logger: readCallLog,
}

const MOST_CHARACTERS = 4_000_000
const MOST_ROUTERS = 1_000
/** As in the samples. */
const MASKED = [
  'api-key',
  'authorization',
  'x-amz-security-token',
  'x-api-key',
  'cookie',
  'set-cookie',
  'proxy-authorization',
]
const MOST_HOSTS = 1_000
const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,252})(?::\d{1,5})?$/

/** Never throws, whatever the text is. An empty file has no routers. */
export function readRouters(content: RouterFileContent): ReadRouters {
  const problems: Problem[] = []
  const parsed = substituted(parse(content.text, problems), content.environment, problems)
  const certificates: string[] = []
  const readCertificates = (file: string): string => {
    const text = content.readCertificates(file)
    certificates.push(text)
    return text
  }
  const file = new Section(parsed, '', problems)
  const configuration = readFile(file, readCertificates)
  if (problems.length > 0) return { configuration: null, problems: once(problems) }
  const checksum = content.digest([content.text, ...certificates].join('\0'))
  return { configuration: { ...configuration, checksum }, problems: [] }
}

function parse(text: string, problems: Problem[]): unknown {
  if (text.length > MOST_CHARACTERS) {
    problems.push({ path: '', words: `is larger than ${MOST_CHARACTERS} characters` })
    return null
  }
  const document = parseDocument(text, { prettyErrors: true })
  for (const { message } of document.errors) {
    // only the first line: what follows quotes the file, secrets included
    problems.push({ path: '', words: `is neither YAML nor JSON: ${message.split('\n')[0]}` })
  }
  if (problems.length > 0) return null
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch {
    problems.push({ path: '', words: 'refers to its own parts more often than is allowed' })
    return null
  }
}

function readFile(file: Section, readCertificates: (file: string) => string): RouterConfiguration {
  const defaults = {
    removedHeaders: headerNames(file, 'remove_headers'),
    maskedHeaders: file.has('masked_headers') ? headerNames(file, 'masked_headers') : MASKED,
    readCertificates,
  }
  const written = file.sections('routers', MOST_ROUTERS)
  const routers = written.map((section) => readRouter(section, defaults))
  for (const field of ['path', 'name'] as const) checkUnique(written, routers, field)
  const gatewayId = file.text('gateway_id', /^[A-Z0-9]{8}$/, 'must be eight capital letters and digits')
  const sessionHeader = file.text('session_id_header', HEADER_NAME, HEADER_WORDS) ?? NO_ROUTERS.sessionHeader
  const proxyHosts = readProxyHosts(file.section('proxy'), routers)
  const others = Object.entries(OTHER_SECTIONS).map(
    ([name, read]) => [name, read(file.section(name), routers)] as const,
  )
  file.end()
  return {
    routers,
    checksum: '',
    gatewayId: gatewayId ?? NO_ROUTERS.gatewayId,
    sessionHeader: sessionHeader.toLowerCase(),
    proxyHosts,
    sections: Object.fromEntries(others),
  }
}

function checkUnique(written: readonly Section[], routers: readonly Router[], field: 'path' | 'name'): void {
  const seen = new Set<string>()
  for (const [index, router] of routers.entries()) {
    if (seen.has(router[field])) written[index]?.problem(field, `is that of another router too: "${router[field]}"`)
    seen.add(router[field])
  }
}

/** Hosts that clients may name behind this gateway as their proxy. */
function readProxyHosts(proxy: Section, routers: readonly Router[]): ReadonlyMap<string, string | null> {
  const hosts = proxy.section('hosts')
  if (hosts.names.length > MOST_HOSTS) proxy.problem('hosts', `has more than ${MOST_HOSTS} hosts`)
  const found = new Map<string, string | null>()
  for (const host of hosts.names.slice(0, MOST_HOSTS)) {
    if (!HOST.test(host))
      hosts.problem(host, 'must be a host name in lower case, with a port if it is not that of https')
    const router = hosts.text(host)
    if (router !== null && router !== OWN_API && !routers.some(({ name }) => name === router))
      hosts.problem(host, `names the router "${router.slice(0, 64)}", which there is not`)
    found.set(host, router === OWN_API ? null : router)
  }
  proxy.end()
  return found
}

/** Calls of such a host are calls of the gateway's own Bedrock API. */
const OWN_API = 'bedrock'

/** Repeated references to one missing variable are one problem each place, and a place is told once. */
function once(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>()
  return problems.filter(({ path, words }) => {
    const told = `${path} ${words}`
    if (seen.has(told)) return false
    seen.add(told)
    return true
  })
}
