// AssumeRole of AWS STS below /sts: a form goes in, XML comes out (STS API reference, version 2011-06-15). Roles with "denied" in their name refuse.
import type { Call, Operation, PlainAnswer } from '../call.ts'
import type { RoleSession } from '../sessions.ts'
import { digest } from '../tokens.ts'

export const ASSUME_ROLE: Operation = {
  name: 'AssumeRole',
  service: 'sts',
  method: 'POST',
  path: /^\/sts\/?$/,
  run: assumeRole,
}

const ROLE = /^arn:aws[a-z-]*:iam::(\d{12}):role\/(?:[\w+=,.@-]+\/)*([\w+=,.@-]{1,64})$/
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u
const MAXIMUM_TAGS = 50
const DEFAULT_SECONDS = 3_600

type Asked = { roleArn: string; roleName: string; principal: string; tags: Record<string, string>; seconds: number }

function assumeRole(call: Call): PlainAnswer {
  const form = new URLSearchParams(call.body.toString())
  if (form.get('Action') !== 'AssumeRole') return refused(call, 400, 'InvalidAction', 'Could not find operation.')
  const asked = askedOf(form)
  if (asked === null) {
    return refused(call, 400, 'ValidationError', 'The request does not satisfy the constraints of AssumeRole.')
  }
  if (asked.roleName.includes('denied')) {
    const message = `User is not authorized to perform: sts:AssumeRole on resource: ${asked.roleArn}`
    return refused(call, 403, 'AccessDenied', message)
  }
  const session = sessionOf(call, asked)
  call.simulator.sessions.add(session)
  return answered(200, successXml(session, call.requestId))
}

/** null: something that STS does not take. */
function askedOf(form: URLSearchParams): Asked | null {
  const role = ROLE.exec(form.get('RoleArn') ?? '')
  const name = form.get('RoleSessionName') ?? ''
  const tags = tagsOf(form)
  const seconds = Number(form.get('DurationSeconds') ?? DEFAULT_SECONDS)
  if (role === null || !SESSION_NAME.test(name) || tags === null) return null
  if (!(seconds >= 900 && seconds <= 43_200)) return null
  const [roleArn, account = '', roleName = ''] = role
  return { roleArn, roleName, principal: `arn:aws:sts::${account}:assumed-role/${roleName}/${name}`, tags, seconds }
}

/** null: a tag that STS does not take, or too many. */
function tagsOf(form: URLSearchParams): Record<string, string> | null {
  const tags: Record<string, string> = {}
  for (let at = 1; form.has(`Tags.member.${at}.Key`); at++) {
    const key = form.get(`Tags.member.${at}.Key`) ?? ''
    const value = form.get(`Tags.member.${at}.Value`) ?? ''
    if (at > MAXIMUM_TAGS || !TAG_KEY.test(key) || !TAG_VALUE.test(value)) return null
    tags[key] = value
  }
  return tags
}

function sessionOf(call: Call, { principal, tags, seconds }: Asked): RoleSession {
  const seed = `${principal} ${call.requestId}`
  return {
    accessKeyId: `ASIA${digest(`key ${seed}`).slice(0, 16).toUpperCase()}`,
    secretAccessKey: digest(`secret ${seed}`),
    sessionToken: digest(`token ${seed}`),
    principal,
    tags,
    expiresAt: call.simulator.now() + seconds * 1_000,
  }
}

function successXml(session: RoleSession, requestId: string): string {
  const credentials = [
    element('AccessKeyId', session.accessKeyId),
    element('SecretAccessKey', session.secretAccessKey),
    element('SessionToken', session.sessionToken),
    element('Expiration', new Date(session.expiresAt).toISOString()),
  ].join('')
  const user =
    element('Arn', session.principal) + element('AssumedRoleId', `AROASIMULATED:${session.principal.split('/')[2]}`)
  const result = `<Credentials>${credentials}</Credentials><AssumedRoleUser>${user}</AssumedRoleUser>`
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>${result}</AssumeRoleResult><ResponseMetadata>${element('RequestId', requestId)}</ResponseMetadata></AssumeRoleResponse>`
}

const refused = (call: Call, status: number, code: string, message: string): PlainAnswer =>
  answered(
    status,
    `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>${element('Code', code)}${element('Message', message)}</Error>${element('RequestId', call.requestId)}</ErrorResponse>`,
  )

const answered = (status: number, xml: string): PlainAnswer => ({
  kind: 'plain',
  status,
  headers: { 'content-type': 'text/xml' },
  body: Buffer.from(xml),
  billing: null,
  tokens: 0,
})

const element = (name: string, text: string): string =>
  `<${name}>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</${name}>`
