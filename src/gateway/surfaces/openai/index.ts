// OpenAI's dialect, under /openai/v1 and /v1: for any model, admitted and metered as the native calls that it becomes.

import { GatewayError } from '../../../core/errors.ts'
import { readFields, type Fields } from '../converse/fields.ts'
import type { Prepared, Route, Surface } from '../surface.ts'
import { prepareChat } from './chat.ts'
import { renderOpenaiError, renderOpenaiStreamError } from './errors.ts'

export const openaiSurface: Surface = {
  name: 'openai',
  match: matchOpenai,
  prepare: (route, _header, body) => prepareOpenai(route, body),
  renderError: renderOpenaiError,
  renderStreamError: renderOpenaiStreamError,
}

const PREFIX = /^\/(?:openai\/)?v1\//

/** What stands behind the prefix, with the method; the same names are the operations that the route has. */
const CALLS: Readonly<Record<string, (fields: Fields) => Prepared>> = {
  'POST chat/completions': prepareChat,
}

/** Everything under the prefix is of this dialect, so that what it does not have is refused in its own shape. */
function matchOpenai(method: string, path: string): Route | null {
  const prefix = PREFIX.exec(path)?.[0]
  if (prefix === undefined) return null
  const operation = `${method} ${path.slice(prefix.length).split('?', 1)[0] ?? ''}`
  return { operation, modelId: null, plane: 'runtime', upstreamPath: path, kind: 'call', streams: false }
}

function prepareOpenai({ operation }: Route, body: Buffer): Prepared {
  const prepare = Object.hasOwn(CALLS, operation) ? CALLS[operation] : undefined
  if (prepare === undefined)
    throw new GatewayError('unknown_route', { message: `There is no operation ${operation.slice(0, 200)} here.` })
  return prepare(readFields(body))
}
