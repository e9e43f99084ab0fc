// OpenAI's dialect, under /openai/v1 and /v1: for any model, admitted and metered as the native calls that it becomes.

import { GatewayError } from '../../../core/errors.ts'
import type { Header } from '../client-metadata.ts'
import { readFields } from '../converse/fields.ts'
import type { Prepared, Route, Surface } from '../surface.ts'
import { prepareChat } from './chat.ts'
import { prepareEmbeddings } from './embeddings.ts'
import type { AskedCall } from './asked-call.ts'
import { renderOpenaiError, renderOpenaiStreamError } from './errors.ts'
import { prepareImages } from './images.ts'
import { renderModels } from './models.ts'
import { prepareResponse } from './responses.ts'

export const openaiSurface: Surface = {
  name: 'openai',
  limitDialect: 'openai',
  match: matchOpenai,
  prepare: prepareOpenai,
  renderModels,
  renderError: renderOpenaiError,
  renderStreamError: renderOpenaiStreamError,
}

const PREFIX = /^\/(?:openai\/)?v1\//

/** What stands behind the prefix, with the method; the same names are the operations that the route has. */
const CALLS: Readonly<Record<string, (asked: AskedCall) => Prepared>> = {
  'POST chat/completions': prepareChat,
  'POST responses': prepareResponse,
  'POST embeddings': prepareEmbeddings,
  'POST images/generations': prepareImages,
}

/** Everything under the prefix is of this dialect, so that what it does not have is refused in its own shape. */
function matchOpenai(method: string, path: string): Route | null {
  const prefix = PREFIX.exec(path)?.[0]
  if (prefix === undefined) return null
  const resource = path.slice(prefix.length).split('?', 1)[0] ?? ''
  const kept = keptRoute(method, path, resource)
  if (kept !== null) return kept
  const models = method === 'GET' ? MODELS.exec(resource) : null
  return {
    operation: `${method} ${resource}`,
    modelId: models?.[1] === undefined ? null : decoded(models[1]),
    service: 'bedrock-runtime',
    upstreamPath: path,
    kind: models === null ? 'call' : 'models',
    streams: false,
  }
}

const MODELS = /^models(?:\/(.+))?$/

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** What is done with a response after it was made; ids of Bedrock's are of these characters. */
const KEPT = /^(GET|DELETE|POST) responses\/([\w-]{1,256})(\/cancel|\/input_items)?$/
const KEPT_OPERATIONS: Readonly<Record<string, string>> = {
  GET: 'GetResponse',
  DELETE: 'DeleteResponse',
  'POST/cancel': 'CancelResponse',
  'GET/input_items': 'ListResponseInputItems',
}

function keptRoute(method: string, path: string, resource: string): Route | null {
  const [, verb = '', keptId = '', more = ''] = KEPT.exec(`${method} ${resource}`) ?? []
  const operation = Object.hasOwn(KEPT_OPERATIONS, verb + more) ? KEPT_OPERATIONS[verb + more] : undefined
  if (operation === undefined) return null
  const queryAt = path.indexOf('?')
  const query = queryAt === -1 ? '' : path.slice(queryAt)
  const upstreamPath = `/openai/v1/responses/${keptId}${more}${query}`
  return { operation, modelId: null, service: 'bedrock-runtime', upstreamPath, kind: 'kept', keptId, streams: false }
}

function prepareOpenai({ operation }: Route, header: Header, body: Buffer): Prepared {
  const prepare = Object.hasOwn(CALLS, operation) ? CALLS[operation] : undefined
  if (prepare === undefined)
    throw new GatewayError('unknown_route', { message: `There is no operation ${operation.slice(0, 200)} here.` })
  return prepare({ fields: readFields(body), body, header })
}
