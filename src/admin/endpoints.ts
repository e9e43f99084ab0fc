// SageMaker endpoints that tenants may be allowed to call: each is a model with an id of its own, and a name that the façade knows.

import { z } from 'zod'
import {
  ENDPOINT_CALL_NAME,
  ENDPOINT_ID,
  ENDPOINT_KINDS,
  ENDPOINT_NAME,
  endpointModelId,
  ENDPOINTS_LIMIT,
  type Endpoint,
} from '../core/endpoint.ts'
import { parseModelId } from '../core/model.ts'
import type { AdminDependencies } from './dependencies.ts'
import { makeEffective } from './effective.ts'
import { AdminError, invalid, notFound } from './errors.ts'
import * as fields from './fields.ts'
import { operation } from './operation.ts'

const params = z.strictObject({
  endpoint_id: z.string().regex(ENDPOINT_ID, 'must be 1 to 63 lower-case letters, digits or "-"'),
})

const sagemakersName = z
  .string()
  .regex(ENDPOINT_NAME, 'must be a name as SageMaker has it: 1 to 63 letters, digits and single "-"')

const endpointReply = z.object({
  endpoint_id: z.string(),
  model_id: z.string().meta({ description: 'what plans allow, prices are for, and reports show' }),
  name: z.string(),
  endpoint_name: z.string(),
  inference_component: z.string().nullable(),
  region: z.string().nullable().meta({ description: "null: the gateway's" }),
  kind: z.enum(ENDPOINT_KINDS).nullable().meta({ description: 'null: as the caller asks' }),
  max_output_tokens: z.number().nullable(),
  created_at: z.string(),
})

export const listEndpoints = operation({
  words: 'All SageMaker endpoints that can be called through the gateway.',
  reply: z.object({ endpoints: z.array(endpointReply) }),
  run: async ({ deps }) => ({ endpoints: (await deps.endpoints.listEndpoints()).map(endpointToJson) }),
})

export const getEndpoint = operation({
  words: 'One SageMaker endpoint.',
  params,
  reply: endpointReply,
  async run({ deps, params: { endpoint_id: id } }) {
    const endpoint = await deps.endpoints.getEndpoint(id)
    if (endpoint === null) throw notFound(`endpoint ${id}`)
    return endpointToJson(endpoint)
  },
})

export const putEndpoint = operation({
  words:
    'Creates or replaces a SageMaker endpoint. It gives no access: tenants must be allowed its model id, "sagemaker." and its id.',
  params,
  body: z.strictObject({
    endpoint_name: sagemakersName.meta({ description: "SageMaker's own name" }),
    name: z
      .string()
      .regex(
        ENDPOINT_CALL_NAME,
        'must be 1 to 100 letters, digits, spaces and ". _ ( ) + : \' -", a letter or digit first',
      )
      .optional()
      .meta({ description: 'by which callers of /invoke_model name it; its id when left out' }),
    inference_component: sagemakersName.nullable().default(null),
    region: fields.region.nullable().default(null),
    kind: z.enum(ENDPOINT_KINDS).nullable().default(null).meta({
      description: 'what its container takes; other calls are then refused, and prompts become messages for chat',
    }),
    max_output_tokens: z.int().min(1).max(10_000_000).nullable().default(null),
  }),
  reply: endpointReply,
  async run({ deps, params: { endpoint_id: id }, body }) {
    const before = await deps.endpoints.getEndpoint(id)
    if (before === null) await checkRoom(deps)
    const endpoint: Endpoint = {
      id,
      name: body.name ?? id,
      endpointName: body.endpoint_name,
      inferenceComponent: body.inference_component,
      region: body.region,
      kind: body.kind,
      maxOutputTokens: body.max_output_tokens,
      createdAt: before?.createdAt ?? fields.timeOf(deps.now()),
    }
    checkName(endpoint)
    await deps.endpoints.putEndpoint(endpoint)
    await makeEffective(deps)
    return endpointToJson(endpoint)
  },
})

export const deleteEndpoint = operation({
  words: 'Deletes an endpoint: it can no longer be called. Its entries and prices stay.',
  params,
  reply: z.object({ endpoint_id: z.string(), deleted: z.literal(true) }),
  async run({ deps, params: { endpoint_id: id } }) {
    if (!(await deps.endpoints.deleteEndpoint(id))) throw notFound(`endpoint ${id}`)
    await makeEffective(deps)
    return { endpoint_id: id, deleted: true as const }
  },
})

/** No endpoint may stand in the place of a model of Bedrock. */
function checkName(endpoint: Endpoint): void {
  const { name } = endpoint
  if (name !== endpointModelId(endpoint) && parseModelId(name) !== null)
    throw invalid('name', `name "${name}" is the id of a model; give the endpoint a name of its own.`)
}

async function checkRoom(deps: AdminDependencies): Promise<void> {
  if ((await deps.endpoints.listEndpoints()).length < ENDPOINTS_LIMIT) return
  throw new AdminError('conflict', { message: `There are ${ENDPOINTS_LIMIT} endpoints already, which is the most.` })
}

const endpointToJson = (endpoint: Endpoint): z.input<typeof endpointReply> => ({
  endpoint_id: endpoint.id,
  model_id: endpointModelId(endpoint),
  name: endpoint.name,
  endpoint_name: endpoint.endpointName,
  inference_component: endpoint.inferenceComponent,
  region: endpoint.region,
  kind: endpoint.kind,
  max_output_tokens: endpoint.maxOutputTokens,
  created_at: endpoint.createdAt,
})
