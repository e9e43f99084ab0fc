// What the control plane refuses, and the one shape in which it says so: {error: {code, message, field?}}.

import { ERRORS, GatewayError } from '../core/errors.ts'
import { LedgerConflict } from '../core/ledger.ts'
import { StoreConflict } from '../core/tenant.ts'
import { HttpFault } from '../http/exchange.ts'

export const ADMIN_ERRORS = {
  missing_credential: { status: 401, message: 'Send the admin token: "Authorization: Bearer <admin token>".' },
  invalid_credential: { status: 401, message: 'The admin token is not the one of this gateway.' },
  not_an_admin: {
    status: 403,
    message: 'This is the API key of a tenant; it makes model calls. The control plane needs the admin token.',
  },
  outside_your_tenants: { status: 403, message: 'This is for callers who may see every tenant.' },
  invalid_request: { status: 400, message: 'The request is not valid.' },
  invalid_json: { status: 400, message: 'The body is not valid JSON.' },
  invalid_path: { status: 400, message: 'The path is not valid.' },
  not_found: { status: 404, message: 'There is no such thing.' },
  unknown_route: { status: 404, message: 'The control plane has no such route; GET /admin/v1/openapi.json lists all.' },
  method_not_allowed: { status: 405, message: 'The control plane does not use this method.' },
  request_timeout: { status: 408, message: 'The body took too long to arrive.' },
  conflict: { status: 409, message: 'The change contradicts what is stored.' },
  confirmation_needed: {
    status: 409,
    message: 'This looks like a slip; send it again with "confirm": true if it is meant.',
  },
  body_too_large: { status: 413, message: 'The body is too large.' },
  unsupported_media_type: { status: 415, message: 'Send JSON, with "content-type: application/json".' },
  unavailable: { status: 503, message: 'The gateway cannot do this now; try again shortly.' },
  internal: { status: 500, message: 'The gateway failed. Quote the request id.' },
} as const satisfies Record<string, { status: number; message: string }>

export type AdminErrorCode = keyof typeof ADMIN_ERRORS

export class AdminError extends Error {
  readonly code: AdminErrorCode
  /** what is wrong, as the caller named it ("limits[0].amount"); null: the request as a whole */
  readonly field: string | null

  constructor(code: AdminErrorCode, options: { message?: string; field?: string | null; cause?: unknown } = {}) {
    super(options.message ?? ADMIN_ERRORS[code].message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'AdminError'
    this.code = code
    this.field = options.field ?? null
  }

  get status(): number {
    return ADMIN_ERRORS[this.code].status
  }
}

export const invalid = (field: string | null, message: string): AdminError =>
  new AdminError('invalid_request', { field, message })

export const notFound = (what: string): AdminError => new AdminError('not_found', { message: `There is no ${what}.` })

/** The one door from anything thrown to what a caller may read. `internal` keeps its cause for the log. */
export function toAdminError(thrown: unknown): AdminError {
  if (thrown instanceof AdminError) return thrown
  if (thrown instanceof StoreConflict) {
    return new AdminError('conflict', { field: thrown.field, message: sentence(thrown.message) })
  }
  if (thrown instanceof LedgerConflict) return new AdminError('conflict', { message: sentence(thrown.message) })
  if (thrown instanceof HttpFault) return new AdminError(CODE_OF_STATUS[thrown.status] ?? 'invalid_request')
  if (thrown instanceof GatewayError && thrown.code !== 'internal') {
    return new AdminError(CODE_OF_STATUS[ERRORS[thrown.code].status] ?? 'unavailable', { message: thrown.message })
  }
  return fromFramework(thrown) ?? new AdminError('internal', { cause: thrown })
}

const CODE_OF_STATUS: Readonly<Record<number, AdminErrorCode>> = {
  400: 'invalid_request',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  409: 'conflict',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  503: 'unavailable',
}

/** Refusals of the web framework carry a status below 500 and a code of theirs. */
function fromFramework(thrown: unknown): AdminError | null {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown) || !('statusCode' in thrown)) return null
  const { code, statusCode } = thrown
  if (typeof code !== 'string' || !code.startsWith('FST_ERR_') || typeof statusCode !== 'number') return null
  if (code === 'FST_ERR_BAD_URL') return new AdminError('invalid_path')
  return statusCode < 500 ? new AdminError(CODE_OF_STATUS[statusCode] ?? 'invalid_request') : null
}

const sentence = (words: string): string =>
  `${words.slice(0, 1).toUpperCase()}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`

export const errorBody = (error: AdminError): { error: { code: string; message: string; field?: string } } => ({
  error: { code: error.code, message: error.message, ...(error.field === null ? {} : { field: error.field }) },
})
