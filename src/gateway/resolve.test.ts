// Which model a call means: aliases, targets and regions, with the checks on what is asked for and on where it goes.

import { describe, expect, it } from 'vitest'
import { NO_ACCESS_POLICY, type AccessPolicy } from '../core/access.ts'
import { buildDirectory, type Directory } from '../core/directory.ts'
import type { CredentialScope, Upstream } from '../core/upstream.ts'
import { resolveCall, type Resolved } from './resolve.ts'
import type { Route } from './surfaces/surface.ts'

const ACCOUNT = 'arn:aws:bedrock:eu-west-1:111122223333'
const PROFILE = `${ACCOUNT}:application-inference-profile/ofnovalite`
const NOVA = 'amazon.nova-lite-v1:0'
const TIME = '2026-11-01T00:00:00.000Z'
const NOW = Date.parse('2026-11-20')

function directoryOf(policy: Partial<AccessPolicy>): Directory {
  const tenant = {
    id: 'team',
    name: '',
    parentId: null,
    planId: null,
    attributes: {},
    status: 'active',
    allowedModels: ['amazon.*'],
    access: { ...NO_ACCESS_POLICY, ...policy },
    limits: [],
    planAdjustments: {},
    createdAt: TIME,
  } as const
  const key = {
    id: 'k',
    tenantId: 'team',
    name: '',
    secretHash: '',
    accessKeyId: 'a',
    mayActFor: [],
    createdAt: TIME,
    expiresAt: null,
    revokedAt: null,
    replacedBy: null,
    limits: [],
  }
  const aliases = [{ name: 'chat', tenantId: null, targets: [{ modelId: NOVA, from: TIME }], createdAt: TIME }]
  return buildDirectory({ tenants: [tenant], keys: [key], plans: [], aliases, endpoints: [], defaultUnpriced: 'hold' })
}

async function resolved(
  modelId: string,
  policy: Partial<AccessPolicy> = {},
): Promise<Resolved & { asked: readonly (CredentialScope | null)[] }> {
  const asked: (CredentialScope | null)[] = []
  const upstream: Pick<Upstream, 'resolveModel'> = {
    async resolveModel(id, credentials) {
      asked.push(credentials)
      if (id !== PROFILE) return null
      const region = 'eu-west-1'
      return {
        modelId: id,
        kind: 'application_profile',
        baseModel: NOVA,
        routing: 'regional',
        reach: 'geographic',
        region,
      }
    },
  }
  const directory = directoryOf(policy)
  const member = directory.memberByKeyId('k')
  if (member === null) throw new Error('the key has no member')
  const route: Route = {
    operation: 'Converse',
    modelId,
    service: 'bedrock-runtime',
    upstreamPath: '',
    kind: 'call',
    streams: false,
  }
  const dependencies = {
    upstream: upstream as Upstream,
    directory: () => directory,
    region: 'us-east-1',
    regionByModel: [['amazon.nova-pro-*', 'us-west-2']] as const,
  }
  return {
    ...(await resolveCall(dependencies, {
      member,
      route,
      facts: { modelId: null },
      surface: {},
      inferenceComponent: null,
      now: NOW,
    })),
    asked,
  }
}

describe('a call', () => {
  it('means the model that it names, in the region of the settings', async () => {
    expect(await resolved(NOVA)).toMatchObject({
      model: { modelId: NOVA, region: 'us-east-1' },
      renamed: null,
      alias: null,
    })
    expect((await resolved('amazon.nova-pro-v1:0')).model.region).toBe('us-west-2')
  })

  it('goes to a region of its tenant', async () => {
    const policy = { regions: ['us-west-2', 'eu-west-1'] }
    expect((await resolved(NOVA, policy)).model.region).toBe('us-west-2')
    await expect(resolved(`arn:aws:bedrock:us-east-1::foundation-model/${NOVA}`, policy)).rejects.toThrow(/us-east-1/)
  })

  it('by an alias means the model of it', async () => {
    expect(await resolved('chat')).toMatchObject({ model: { modelId: NOVA }, renamed: NOVA, alias: 'chat' })
    await expect(resolved('talk')).rejects.toMatchObject({ code: 'unknown_model' })
  })
})

describe('a target', () => {
  const sendTo = { 'amazon.*': PROFILE }

  it('takes the place of the model, by its alias too; the target itself need not be allowed', async () => {
    for (const name of [NOVA, `us.${NOVA}`, 'chat']) {
      expect(await resolved(name, { sendTo })).toMatchObject({
        model: { modelId: PROFILE, baseModel: NOVA, region: 'eu-west-1' },
        renamed: PROFILE,
      })
    }
    await expect(resolved(PROFILE)).rejects.toMatchObject({ code: 'model_not_allowed' })
  })

  it('of another model is refused', async () => {
    await expect(resolved('amazon.nova-micro-v1:0', { sendTo })).rejects.toThrow(/serves another model/)
  })

  it('keeps to the regions and the routing of the tenant', async () => {
    await expect(resolved(NOVA, { sendTo, regions: ['us-east-1'] })).rejects.toThrow(/eu-west-1 is not open/)
    await expect(resolved(NOVA, { sendTo, routing: ['in_region'] })).rejects.toThrow(/routes geographic/)
  })

  it('is looked up with the credentials of the tenant', async () => {
    const assumeRole = { roleArn: 'arn:aws:iam::111122223333:role/silo', externalId: null, sessionTags: {} }
    expect((await resolved(NOVA, { sendTo, assumeRole })).asked).toMatchObject([{ sessionName: 'team' }])
    expect((await resolved(NOVA, { sendTo })).asked).toEqual([null])
  })

  it('of provisioned throughput serves the model that was asked for', async () => {
    const target = `${ACCOUNT}:provisioned-model/abcdefghijkl`
    expect((await resolved(NOVA, { sendTo: { [NOVA]: target } })).model).toMatchObject({
      modelId: target,
      kind: 'provisioned',
      baseModel: NOVA,
    })
  })
})
