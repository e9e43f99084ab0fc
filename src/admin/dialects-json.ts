// What a plan lets through of other dialects, between JSON and the domain.

import { z } from 'zod'
import { DIALECT_CHOICES, ENDPOINT_CHOICES, USUAL_DIALECTS, type DialectPolicy } from '../core/dialects.ts'

const choice = z.enum(DIALECT_CHOICES)
const endpoints = z.enum(ENDPOINT_CHOICES)

export const dialects = z.strictObject({
  anthropic_beta: choice.default(USUAL_DIALECTS.anthropicBeta).meta({
    description: 'names in anthropic-beta: pass them to Claude, strip them and say so, or refuse the call',
  }),
  unknown_fields: choice.default(USUAL_DIALECTS.unknownFields).meta({
    description: 'members of a request that its dialect is not known to have: pass, strip or refuse',
  }),
  bedrock_endpoints: endpoints.default(USUAL_DIALECTS.bedrockEndpoints).meta({
    description:
      "Bedrock's own endpoints of OpenAI's and Anthropic's dialects: auto (as the models' table says), prefer (wherever a model has one) or avoid (InvokeModel and Converse alone)",
  }),
})

export const dialectsReply = z.object({ anthropic_beta: choice, unknown_fields: choice, bedrock_endpoints: endpoints })

export const dialectsFromJson = (written: z.output<typeof dialects>): DialectPolicy => ({
  anthropicBeta: written.anthropic_beta,
  unknownFields: written.unknown_fields,
  bedrockEndpoints: written.bedrock_endpoints,
})

export const dialectsToJson = (kept: DialectPolicy): z.input<typeof dialectsReply> => ({
  anthropic_beta: kept.anthropicBeta,
  unknown_fields: kept.unknownFields,
  bedrock_endpoints: kept.bedrockEndpoints,
})
