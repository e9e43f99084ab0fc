// Which absolute targets are taken, as clients send them to a proxy: those of hosts that the configuration names, and no other.

import type { RouterConfiguration } from '../../core/router.ts'

const TARGET = /^(https?):\/\/([a-zA-Z0-9.-]{1,253}(?::\d{1,5})?)(\/[^#]*)?$/
const USUAL_PORTS: Readonly<Record<string, string>> = { http: ':80', https: ':443' }

/** The path of this gateway that stands for the target; null: nobody here is a proxy for it. `host`: the Host header, which must agree. */
export function pathOfProxied(
  { proxyHosts, routers }: RouterConfiguration,
  target: string,
  host: string | undefined,
): string | null {
  if (proxyHosts.size === 0) return null
  const [, scheme = '', authority = '', path = '/'] = TARGET.exec(target) ?? []
  const named = nameOf(authority, scheme)
  if (host === undefined || nameOf(host, scheme) !== named) return null
  const found = proxyHosts.get(named)
  if (found === undefined) return null
  if (found === null) return path
  const router = routers.find(({ name }) => name === found)
  return router === undefined ? null : router.path + path.slice(1)
}

function nameOf(authority: string, scheme: string): string {
  const usual = USUAL_PORTS[scheme] ?? ''
  const name = authority.toLowerCase()
  return name.endsWith(usual) ? name.slice(0, name.length - usual.length) : name
}
