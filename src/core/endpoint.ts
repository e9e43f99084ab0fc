// SageMaker endpoints that can be called: under which names, where each is, what its container does; the port through which they are kept.

/** Endpoints are models too, with ids of their own: "sagemaker.<id>". No maker at Bedrock has that name. */
export const ENDPOINT_MODEL_PREFIX = 'sagemaker.'
export const ENDPOINT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/
/** SageMaker's own name of an endpoint, and of an inference component (InvokeEndpoint, API reference, 2026-11). */
export const ENDPOINT_NAME = /^[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}$/
/** What callers of the façade write: words, not ids. No pattern of it can match one text in two ways. */
export const ENDPOINT_CALL_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._()+:'-]{0,99}$/

export const ENDPOINTS_LIMIT = 1_000

/** What a container takes: prompts, lists of messages, or things to embed. */
export const ENDPOINT_KINDS = ['text', 'chat', 'embeddings'] as const
export type EndpointKind = (typeof ENDPOINT_KINDS)[number]

export type Endpoint = {
  readonly id: string
  /** by which callers of the façade may name it, beside its model id */
  readonly name: string
  readonly endpointName: string
  /** the one that is called where an endpoint has several; null: the caller says, or there are none */
  readonly inferenceComponent: string | null
  /** null: the gateway's own */
  readonly region: string | null
  /** null: as the caller asks */
  readonly kind: EndpointKind | null
  /** what its container writes at most, for limits; null: not known */
  readonly maxOutputTokens: number | null
  readonly createdAt: string
}

export interface EndpointStore {
  /** Creates or replaces; StoreConflict when another has its name. */
  putEndpoint(endpoint: Endpoint): Promise<void>
  getEndpoint(id: string): Promise<Endpoint | null>
  /** By id. */
  listEndpoints(): Promise<readonly Endpoint[]>
  deleteEndpoint(id: string): Promise<boolean>
}

export const endpointModelId = ({ id }: Pick<Endpoint, 'id'>): string => `${ENDPOINT_MODEL_PREFIX}${id}`

export type EndpointTable = {
  /** by id */
  readonly all: readonly Endpoint[]
  /** By its model id, or by the name that callers have for it; null: neither is one. */
  named(name: string): Endpoint | null
  /**
   * By SageMaker's own name and the component that the call names; the one of that component first, else the one without. Null: none
   * is of that endpoint, or none may be called so.
   */
  called(endpointName: string, inferenceComponent: string | null): Endpoint | null
}

export function createEndpointTable(endpoints: readonly Endpoint[]): EndpointTable {
  const byModelId = new Map(endpoints.map((endpoint) => [endpointModelId(endpoint), endpoint]))
  const byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]))
  const byEndpointName = Map.groupBy(endpoints, ({ endpointName }) => endpointName)
  return {
    all: endpoints,
    named: (name) => byModelId.get(name) ?? byName.get(name) ?? null,
    called(endpointName, inferenceComponent) {
      const found = byEndpointName.get(endpointName) ?? []
      const exact = found.find((endpoint) => endpoint.inferenceComponent === inferenceComponent)
      const open = found.find((endpoint) => endpoint.inferenceComponent === null)
      // a call that names no component means the only one that is known
      const only = inferenceComponent === null && found.length === 1 ? found[0] : undefined
      return exact ?? open ?? only ?? null
    },
  }
}
