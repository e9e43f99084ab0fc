// Says who calls and in which region, or refuses in AWS's words: a signature of a known key pair, or a bearer key.
import { ApiError } from './errors.ts'
import type { RoleSession, Sessions } from './sessions.ts'
import { readAuthorization, type SignedRequest, verifySignature } from './signature.ts'

export type KeyPair = { accessKeyId: string; secretAccessKey: string }

export type Credentials = {
  keyPairs: readonly KeyPair[]
  bearerKeys: readonly string[]
  /** any key pair and any bearer key pass, and signatures are not computed */
  allowAny: boolean
  sessions: Pick<Sessions, 'find'>
}

export type Service = 'bedrock' | 'sagemaker' | 'sns' | 'sts'

/** `session`: the caller has assumed a role */
export type Caller = { accessKeyId: string; region: string; session: RoleSession | null }

/** A bearer key has no credential scope, so its region is fixed. */
const BEARER_REGION = 'us-east-1'

export function authenticate(request: SignedRequest, service: Service, credentials: Credentials, now: number): Caller {
  const authorization = request.headers.authorization
  if (authorization === undefined || authorization === '') {
    throw new ApiError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  if (authorization.startsWith('AWS4-HMAC-SHA256'))
    return bySignature(request, authorization, service, credentials, now)
  // API keys are Bedrock's; the service models of the others name SigV4 alone.
  const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
  if (bearer === undefined || service !== 'bedrock') {
    throw new ApiError('IncompleteSignatureException', `Authorization header requires 'Credential' parameter.`)
  }
  if (!credentials.allowAny && !credentials.bearerKeys.includes(bearer)) {
    const message = 'Authentication failed: Please make sure your API Key is valid.'
    throw new ApiError('AccessDeniedException', message)
  }
  return { accessKeyId: 'bearer', region: BEARER_REGION, session: null }
}

function bySignature(
  request: SignedRequest,
  authorization: string,
  service: string,
  credentials: Credentials,
  now: number,
): Caller {
  const signature = readAuthorization(authorization)
  const session = credentials.sessions.find(signature.accessKeyId) ?? null
  const caller = { accessKeyId: signature.accessKeyId, region: signature.region, session }
  if (session !== null) checkSession(session, request, now)
  else if (credentials.allowAny) return caller
  const pair = session ?? credentials.keyPairs.find((candidate) => candidate.accessKeyId === signature.accessKeyId)
  if (pair === undefined) {
    throw new ApiError('UnrecognizedClientException', 'The security token included in the request is invalid.')
  }
  verifySignature(request, signature, pair.secretAccessKey, service, now)
  return caller
}

function checkSession(session: RoleSession, request: SignedRequest, now: number): void {
  if (request.headers['x-amz-security-token'] !== session.sessionToken) {
    throw new ApiError('UnrecognizedClientException', 'The security token included in the request is invalid.')
  }
  if (now >= session.expiresAt) {
    throw new ApiError('ExpiredTokenException', 'The security token included in the request is expired')
  }
}
