// Sessions of assumed roles: what AssumeRole gives away opens the door, until it ends, with its own token only.
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningSimulator, startSimulator } from './server.ts'

let simulator: RunningSimulator
let now = Date.now()

beforeAll(async () => {
  simulator = await startSimulator({ allowAnyCredentials: true, now: () => now })
})

afterAll(() => simulator.close())

const ROLE = 'arn:aws:iam::111122223333:role/teams/silo'

async function assume(form: Record<string, string>): Promise<{ status: number; xml: string }> {
  const response = await fetch(`${simulator.url}/sts/`, {
    method: 'POST',
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIA/20261120/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=any',
    },
    body: new URLSearchParams({ Action: 'AssumeRole', RoleArn: ROLE, RoleSessionName: 'team-a', ...form }),
  })
  return { status: response.status, xml: await response.text() }
}

const inXml = (xml: string, name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? ''

async function converse(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }) {
  const client = new BedrockRuntimeClient({ region: 'us-east-1', endpoint: simulator.url, credentials, maxAttempts: 1 })
  const messages = [{ role: 'user' as const, content: [{ text: 'Hello' }] }]
  try {
    return await client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }))
  } finally {
    client.destroy()
  }
}

describe('a session', () => {
  it('signs calls until it ends, and the bill names its principal', async () => {
    const { status, xml } = await assume({ 'Tags.member.1.Key': 'team', 'Tags.member.1.Value': 'a & b' })
    expect([status, inXml(xml, 'Code')]).toEqual([400, 'ValidationError'])
    const given = await assume({ 'Tags.member.1.Key': 'team', 'Tags.member.1.Value': 'a' })
    const credentials = {
      accessKeyId: inXml(given.xml, 'AccessKeyId'),
      secretAccessKey: inXml(given.xml, 'SecretAccessKey'),
      sessionToken: inXml(given.xml, 'SessionToken'),
    }
    await converse(credentials)
    expect(simulator.bill().at(-1)).toMatchObject({
      access_key_id: credentials.accessKeyId,
      principal: { arn: 'arn:aws:sts::111122223333:assumed-role/silo/team-a', tags: { team: 'a' } },
    })
    const wrong = { name: 'UnrecognizedClientException' }
    await expect(converse({ ...credentials, sessionToken: 'another' })).rejects.toMatchObject(wrong)
    const forged = { name: 'InvalidSignatureException' }
    await expect(converse({ ...credentials, secretAccessKey: 'another' })).rejects.toMatchObject(forged)
    now += 3_600_000
    await expect(converse(credentials)).rejects.toMatchObject({ name: 'ExpiredTokenException' })
  })

  it.each([
    [{ RoleArn: `${ROLE}-denied` }, 403, 'AccessDenied'],
    [{ RoleArn: 'silo' }, 400, 'ValidationError'],
    [{ RoleSessionName: 'a' }, 400, 'ValidationError'],
    [{ DurationSeconds: '60' }, 400, 'ValidationError'],
    [{ Action: 'GetCallerIdentity' }, 400, 'InvalidAction'],
  ])('is not given for %j', async (form, status, code) => {
    const answer = await assume(form)
    expect([answer.status, inXml(answer.xml, 'Code')]).toEqual([status, code])
  })
})
