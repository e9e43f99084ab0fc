// The dialect of the SaaS gateway samples: prompts under a model id in the query, every answer a list of one, told from the outside only.

import type { Prepared, Route, Surface } from '../surface.ts'
import { callFor } from './calls.ts'
import { renderFacadeError, renderFacadeList } from './errors.ts'
import { readInvokeRequest, readQuery } from './request.ts'

export const facadeSurface: Surface = {
  name: 'facade',
  tenantHeader: 'team_id',
  tokenHeader: 'auth',
  match: matchFacade,
  prepare: prepareFacade,
  renderError: renderFacadeError,
  renderStreamError: () => null,
  renderList: renderFacadeList,
}

/** The name of the stage that API Gateway puts in front is anybody's choice. */
const PATHS = /^(?:\/[\w.-]{1,64})?\/(invoke_model|list_foundation_models)$/
const METHODS: Readonly<Record<string, string>> = { invoke_model: 'POST', list_foundation_models: 'GET' }

function matchFacade(method: string, path: string): Route | null {
  const queryAt = path.indexOf('?')
  const name = PATHS.exec(queryAt === -1 ? path : path.slice(0, queryAt))?.[1]
  if (name === undefined || METHODS[name] !== method) return null
  const query = queryAt === -1 ? '' : path.slice(queryAt + 1)
  if (name === 'list_foundation_models') return listRoute(query)
  const operation = 'InvokeFacade'
  return { operation, modelId: null, plane: 'runtime', upstreamPath: path, kind: 'call', streams: false }
}

/** What Bedrock's own list can be asked; clients of the samples send other things too, which meant nothing there. */
const LIST_FILTERS = ['byProvider', 'byCustomizationType', 'byOutputModality', 'byInferenceType']

function listRoute(query: string): Route {
  const asked = new URLSearchParams(query)
  const kept = LIST_FILTERS.flatMap((name) => {
    const value = asked.get(name)
    return value === null ? [] : [`${name}=${encodeURIComponent(value)}`]
  })
  const upstreamPath = `/foundation-models${kept.length === 0 ? '' : `?${kept.join('&')}`}`
  return {
    operation: 'ListFoundationModels',
    modelId: null,
    plane: 'control',
    upstreamPath,
    kind: 'list',
    streams: false,
  }
}

function prepareFacade(route: Route, header: (name: string) => string | undefined, body: Buffer): Prepared {
  const query = readQuery(route.upstreamPath)
  const request = readInvokeRequest(query, header, body)
  return { facts: { modelId: request.target }, translate: () => callFor(request) }
}
