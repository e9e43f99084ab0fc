// Path routers as dialects: one for each prefix that the configuration names; the longest that a path begins with has it.

import { surfaceOfRouter, type Router, type RouterConfiguration } from '../../../core/router.ts'
import type { Route, Surface } from '../surface.ts'
import { renderRouterError } from './errors.ts'

export type RoutedRoute = Route & { readonly routed: RoutedPath }

/** What a path means to a router. */
export type RoutedPath = {
  readonly router: Router
  readonly configuration: RouterConfiguration
  /** behind the router's path, raw; null: the path ends before the router's last slash */
  readonly subpath: string | null
  /** behind the question mark */
  readonly query: string
}

export type MatchedRouter = { readonly surface: Surface; readonly route: RoutedRoute }

/** Looks at the slashes of the path alone: paths are compared as they were sent, with no decoding at all. */
export function createRouterMatch(current: () => RouterConfiguration): (path: string) => MatchedRouter | null {
  let table = tableOf(current())
  return (path) => {
    const configuration = current()
    if (table.configuration !== configuration) table = tableOf(configuration)
    if (table.byPath.size === 0) return null
    const queryAt = path.indexOf('?')
    const pathOnly = queryAt === -1 ? path : path.slice(0, queryAt)
    const found = longest(table, pathOnly)
    if (found === null) return null
    const { router, surface } = found
    const subpath = pathOnly.length < router.path.length ? null : pathOnly.slice(router.path.length)
    const query = queryAt === -1 ? '' : path.slice(queryAt + 1)
    return { surface, route: { ...ROUTE, routed: { router, configuration, subpath, query } } }
  }
}

const ROUTE: Route = {
  operation: 'Router',
  modelId: null,
  service: 'router',
  upstreamPath: '',
  kind: 'call',
  streams: false,
}

type Known = { readonly router: Router; readonly surface: Surface }
type Table = {
  readonly configuration: RouterConfiguration
  readonly byPath: ReadonlyMap<string, Known>
  readonly deepest: number
}

function tableOf(configuration: RouterConfiguration): Table {
  const { routers } = configuration
  return {
    configuration,
    byPath: new Map(routers.map((router) => [router.path, { router, surface: surfaceOf(router) }])),
    deepest: Math.max(0, ...routers.map(({ path }) => path.split('/').length - 1)),
  }
}

function longest({ byPath, deepest }: Table, path: string): Known | null {
  let found: Known | null = null
  let slash = 0
  for (let depth = 1; depth < deepest; depth++) {
    slash = path.indexOf('/', slash + 1)
    if (slash === -1) return byPath.get(`${path}/`) ?? found
    found = byPath.get(path.slice(0, slash + 1)) ?? found
  }
  return found
}

/** Nothing of it is read here: what a router's calls mean, gateway/routers knows. */
const surfaceOf = (router: Router): Surface => ({
  name: surfaceOfRouter(router.name),
  match: () => null,
  prepare: () => {
    throw new Error('calls of path routers are prepared in gateway/routers')
  },
  renderError: (error) => renderRouterError(error, router.path),
  renderStreamError: () => null,
})
