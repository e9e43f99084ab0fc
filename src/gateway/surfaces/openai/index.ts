// OpenAI's dialect, under /openai/v1 and /v1: for any model, admitted and metered as the native calls that it becomes.

import { GatewayError } from '../../../core/errors.ts'
import { readFields, type Fields } from '../converse/fields.ts'
import type { Prepared, Route, Surface } from '../surface.ts'
import { prepareChat } from './chat.ts'
import { prepareEmbeddings } from './embeddings.ts'
import { renderOpenaiError, renderOpenaiStreamError } from './errors.ts'
import { prepareImages } from './images.ts'
import { renderModels } from './models.ts'
import { refuseKept } from './responses-request.ts'
import { prepareResponse } from './responses.ts'

export const openaiSurface: Surface = {
  name: 'openai',
  match: matchOpenai,
  prepare: (route, _header, body) => prepareOpenai(route, body),
  renderModels,
  renderError: renderOpenaiError,
  renderStreamError: renderOpenaiStreamError,
}

const PREFIX = /^\/(?:openai\/)?v1\//

/** What stands behind the prefix, with the method; the same names are the operations that the route has. */
const CALLS: Readonly<Record<string, (fields: Fields, body: Buffer) => Prepared>> = {
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

/** What is done with a response after it was made. */
const KEPT_RESPONSE = /^(?:GET|DELETE|POST) responses\/./

function prepareOpenai({ operation }: Route, body: Buffer): Prepared {
  const prepare = Object.hasOwn(CALLS, operation) ? CALLS[operation] : undefined
  if (KEPT_RESPONSE.test(operation)) return refuseKept()
  if (prepare === undefined)
    throw new GatewayError('unknown_route', { message: `There is no operation ${operation.slice(0, 200)} here.` })
  return prepare(readFields(body), body)
}
