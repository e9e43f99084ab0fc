// The dialect of the SaaS gateway samples: prompts under a model id in the query, every answer a list of one, told from the outside only.

import type { Prepared, Route, Surface } from '../surface.ts'
import { callFor } from './calls.ts'
import { callForEndpoint } from './endpoint-calls.ts'
import { renderFacadeError, renderFacadeList } from './errors.ts'
import { isFetchedLater, readInvokeRequest, readQuery } from './request.ts'
import { renderFacadeStreamError } from './stream.ts'

export const facadeSurface: Surface = {
  name: 'facade',
  callsEndpoints: 'also',
  tenantHeader: 'team_id',
  tokenHeader: 'auth',
  match: matchFacade,
  prepare: prepareFacade,
  renderError: renderFacadeError,
  renderStreamError: renderFacadeStreamError,
  answersLater: isFetchedLater,
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
  const route = { modelId: null, service: 'bedrock-runtime', upstreamPath: path, streams: false } as const
  const polledId = new URLSearchParams(query).get('requestId')
  // clients repeat every header of the call, `streaming` too: the id decides
  return polledId === null || polledId === ''
    ? { ...route, operation: 'InvokeFacade', kind: 'call' }
    : { ...route, operation: 'PollFacade', kind: 'poll', polledId }
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
    service: 'bedrock',
    upstreamPath,
    kind: 'list',
    streams: false,
  }
}

function prepareFacade(route: Route, header: (name: string) => string | undefined, body: Buffer): Prepared {
  const query = readQuery(route.upstreamPath)
  const request = readInvokeRequest(query, header, body)
  return {
    facts: { modelId: request.target },
    // a name of the operator's own for a model says nothing of its format; what it stands for does
    translate({ model, endpoint, requestId }) {
      if (endpoint !== null) return callForEndpoint(request, endpoint, requestId)
      const format = query.modelArn === null ? (model.baseModel ?? request.format) : request.format
      return callFor({ ...request, format }, requestId)
    },
  }
}
