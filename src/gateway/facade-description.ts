// The dialect of the SaaS gateway samples as an OpenAPI 3 document, for clients that are generated and for people who look.

import { KINDS } from './surfaces/facade/request.ts'

const text = { type: 'string' } as const
const parameter = (place: 'query' | 'header', name: string, description: string, required = false) => ({
  in: place,
  name,
  description,
  required,
  schema: text,
})
const content = (schema: object) => ({ 'application/json': { schema } })
const listOfOne = (item: object) => ({ type: 'array', minItems: 1, maxItems: 1, items: item })
const refused = (description: string, schema: string) => ({
  description,
  content: content({ $ref: `#/components/schemas/${schema}` }),
})
const TYPES = KINDS.filter((kind) => kind !== 'text' && kind !== 'messages')

const INVOKE = {
  summary: 'Calls a model, or fetches the answer to an earlier call.',
  parameters: [
    parameter('query', 'model_id', 'the model, and the format of its prompts', true),
    parameter('query', 'model_arn', 'what is called instead of model_id'),
    parameter('query', 'requestId', 'the id that a call with streaming: true was answered with: fetches its answer'),
    parameter('header', 'team_id', 'the tenant that the call is for; needed beside x-api-key'),
    parameter('header', 'messages_api', 'true: inputs is a list of messages'),
    parameter('header', 'streaming', 'true: the answer, an id, comes at once; the text is fetched by polling'),
    parameter('header', 'type', `${TYPES.join(', ')}; text when left out`),
    parameter('header', 'embeddings', 'true: the older way to say type: embeddings'),
    parameter('header', 'accept', 'text/event-stream: text comes as server-sent events, as the model says it'),
    parameter('header', 'x-weighbridge-poll-state', 'on a poll: an answer that is gone is told by status 410'),
  ],
  requestBody: { required: true, content: content({ $ref: '#/components/schemas/InvokeModelRequest' }) },
  responses: {
    200: {
      description: 'A list of one; for text that was asked for as such, events',
      content: {
        ...content({ $ref: '#/components/schemas/Answer' }),
        'text/event-stream': { schema: { $ref: '#/components/schemas/Events' } },
      },
    },
    400: refused('The request is not valid, or Bedrock refused it.', 'Failure'),
    403: refused('No or a wrong credential (message), or what it may not do (generated_text).', 'Refusal'),
    404: refused('There is no such model.', 'Failure'),
    410: refused('Of a poll that asked to be told: the answer was read, or kept for too long.', 'Failure'),
    413: refused('The body is too large.', 'Failure'),
    415: refused('The body is compressed.', 'Failure'),
    429: refused('A rate, a quota or a budget is used up.', 'Refusal'),
    500: refused('A call that was fetched had failed.', 'Failure'),
    502: refused('Bedrock failed.', 'Failure'),
    503: refused('Bedrock or the gateway has no room; try again.', 'Failure'),
    504: refused('Bedrock did not answer in time.', 'Failure'),
  },
} as const

const LIST = {
  summary: 'The models of Bedrock that the tenant may call.',
  parameters: ['byProvider', 'byCustomizationType', 'byOutputModality', 'byInferenceType'].map((name) =>
    parameter('query', name, "Bedrock's own filter"),
  ),
  responses: { 200: { description: 'A list of one', content: content(listOfOne({ type: 'object' })) } },
}

const FORBIDDEN = {
  description: 'for operators only',
  content: content({ type: 'object', properties: { message: text } }),
}

const ADD_UP = {
  summary: "Writes today's preliminary file of costs.",
  responses: {
    200: { description: 'Done', content: content({ type: 'object', properties: { body: text } }) },
    403: FORBIDDEN,
  },
}

const COSTS = {
  summary: 'What each tenant used of each model on each of the last 35 days; all texts, costs exact.',
  responses: {
    200: {
      description: 'The sums',
      content: content({
        type: 'object',
        properties: { body: { type: 'array', items: { $ref: '#/components/schemas/CostItem' } } },
      }),
    },
    403: FORBIDDEN,
  },
}

const COST_MEMBERS = [
  'pk',
  'name',
  'model_id',
  'input_tokens',
  'output_tokens',
  'input_cost',
  'output_cost',
  'invocations',
  'date',
]

const SCHEMAS = {
  CostItem: { type: 'object', properties: Object.fromEntries(COST_MEMBERS.map((name) => [name, text])) },
  InvokeModelRequest: {
    type: 'object',
    properties: {
      inputs: { description: 'a prompt, messages, texts or an image in base64, as the headers say' },
      parameters: {
        type: 'object',
        description: 'for messages the names below; else those of the model',
        properties: {
          maxTokens: { type: 'integer' },
          temperature: { type: 'number' },
          topP: { type: 'number' },
          stopSequences: { type: 'array', items: text },
          system: text,
        },
      },
      additional_model_fields: {
        type: 'object',
        description: 'of messages: handed to the model as they are; a format of prompts has its parameters only',
      },
      text_prompts: { type: 'array', items: { type: 'object', properties: { text, weight: { type: 'number' } } } },
      textToImageParams: { type: 'object', properties: { text } },
    },
  },
  Answer: listOfOne({
    type: 'object',
    properties: {
      generated_text: text,
      embedding: { type: 'array', items: { type: 'number' } },
      images: { type: 'array', items: text },
      artifacts: { type: 'array', items: { type: 'object' } },
      request_id: text,
    },
  }),
  Events: {
    type: 'string',
    description:
      'delta: {"generated_text": a piece of the text} · done, the last: {"request_id", "usage": quantities by dimension} · error, the last: {"generated_text": a sentence, "status"}',
  },
  Failure: listOfOne({ type: 'object', required: ['generated_text'], properties: { generated_text: text } }),
  Refusal: {
    oneOf: [
      { type: 'object', required: ['message'], properties: { message: text, reason: text } },
      { $ref: '#/components/schemas/Failure' },
    ],
  },
}

export const FACADE_DESCRIPTION = {
  openapi: '3.0.1',
  info: { title: 'Foundation models, as the SaaS gateway samples offer them', version: '1' },
  paths: {
    '/invoke_model': { post: INVOKE },
    '/list_foundation_models': { get: LIST },
    '/cost_track_manual': { post: ADD_UP },
    '/ddb_cost_retrieval': { post: COSTS },
  },
  security: [{ key: [] }, { token: [] }],
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      token: { type: 'apiKey', in: 'header', name: 'Auth' },
    },
    schemas: SCHEMAS,
  },
}
