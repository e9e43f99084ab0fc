// AWS's errors as they stand on the wire: the name in x-amzn-errortype, the status, and a JSON body with the message.

export const API_ERRORS = {
  AccessDeniedException: 403,
  ConflictException: 400,
  ExpiredTokenException: 403,
  IncompleteSignatureException: 400,
  InternalDependencyException: 530,
  InternalFailure: 500,
  InternalServerException: 500,
  InvalidSignatureException: 403,
  MissingAuthenticationTokenException: 403,
  ModelError: 424,
  ModelErrorException: 424,
  ModelNotReadyException: 429,
  ModelStreamErrorException: 424,
  ModelTimeoutException: 408,
  RequestEntityTooLargeException: 413,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  ServiceQuotaExceededException: 400,
  ServiceUnavailable: 503,
  ServiceUnavailableException: 503,
  ThrottlingException: 429,
  TooManyTagsException: 400,
  UnknownOperationException: 404,
  UnrecognizedClientException: 403,
  ValidationError: 400,
  ValidationException: 400,
} as const satisfies Record<string, number>

export type ApiErrorName = keyof typeof API_ERRORS

export const isApiErrorName = (name: string): name is ApiErrorName => Object.hasOwn(API_ERRORS, name)

/** A refusal that the server writes in AWS's form. */
export class ApiError extends Error {
  readonly status: number
  readonly errorType: ApiErrorName
  readonly headers: Record<string, string>
  /** members beside `message`, such as originalStatusCode of ModelErrorException */
  readonly members: Record<string, string | number>

  constructor(
    errorType: ApiErrorName,
    message: string,
    extra: { headers?: Record<string, string>; members?: Record<string, string | number> } = {},
  ) {
    super(message)
    this.name = 'ApiError'
    this.errorType = errorType
    this.status = API_ERRORS[errorType]
    this.headers = extra.headers ?? {}
    this.members = extra.members ?? {}
  }
}

export const invalid = (message: string): ApiError => new ApiError('ValidationException', message)

/** The sentence that AWS's request validation uses for a constraint of the service model. */
export const constraint = (value: unknown, member: string, rule: string): ApiError =>
  invalid(
    `1 validation error detected: Value '${shown(value)}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
  )

export const notNull = (member: string): ApiError =>
  invalid(`1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must not be null`)

/** A value as a message may show it: short, and JSON when it is no text. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
