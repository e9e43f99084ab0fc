// SageMaker endpoints as items of Bedrock's list of models, for dialects in which both are called by one operation.

import { mayCall, type Access } from '../core/access.ts'
import { endpointModelId, type Endpoint, type EndpointTable } from '../core/endpoint.ts'

export type ModelItem = Readonly<Record<string, unknown>>

const PROVIDER = 'Amazon SageMaker'

/** Those that the tenant may call and the query asks for. `path`: as the list is asked for, with its query. */
export function listedEndpoints({ all }: EndpointTable, access: Access, path: string): readonly ModelItem[] {
  const query = new URLSearchParams(path.split('?')[1] ?? '')
  const asks = (name: string, value: string): boolean =>
    (query.get(name) ?? value).toLowerCase() === value.toLowerCase()
  if (!asks('byProvider', PROVIDER) || !asks('byInferenceType', 'ON_DEMAND') || query.has('byCustomizationType'))
    return []
  return all
    .filter((endpoint) => mayCall(access, askedModel(endpoint)) && asks('byOutputModality', modalityOf(endpoint)))
    .map(itemOf)
}

const askedModel = (endpoint: Endpoint) => {
  const modelId = endpointModelId(endpoint)
  return { modelId, kind: 'base_model', baseModel: modelId } as const
}

const modalityOf = ({ kind }: Endpoint): string => (kind === 'embeddings' ? 'EMBEDDING' : 'TEXT')

const itemOf = (endpoint: Endpoint): ModelItem => ({
  modelId: endpointModelId(endpoint),
  modelName: endpoint.name,
  providerName: PROVIDER,
  inputModalities: ['TEXT'],
  outputModalities: [modalityOf(endpoint)],
  responseStreamingSupported: endpoint.kind !== 'embeddings',
  customizationsSupported: [],
  inferenceTypesSupported: ['ON_DEMAND'],
  modelLifecycle: { status: 'ACTIVE' },
})
