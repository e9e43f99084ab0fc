// ListFoundationModels and GetFoundationModel: what the families say of their models, filtered as AWS filters.
import { type Call, free, type Operation, type PlainAnswer } from '../call.ts'
import { ApiError, constraint } from '../errors.ts'
import type { JsonObject, ModelCard } from '../family.ts'

export const LIST_FOUNDATION_MODELS: Operation = {
  name: 'ListFoundationModels',
  service: 'bedrock',
  method: 'GET',
  path: /^\/foundation-models$/,
  run: listFoundationModels,
}

export const GET_FOUNDATION_MODEL: Operation = {
  name: 'GetFoundationModel',
  service: 'bedrock',
  method: 'GET',
  path: /^\/foundation-models\/(?<modelIdentifier>.+)$/,
  run: getFoundationModel,
}

const ENUMS: Readonly<Record<string, readonly string[]>> = {
  byOutputModality: ['TEXT', 'IMAGE', 'EMBEDDING', 'VIDEO', 'SPEECH'],
  byInferenceType: ['ON_DEMAND', 'PROVISIONED'],
  byCustomizationType: ['FINE_TUNING', 'CONTINUED_PRE_TRAINING', 'DISTILLATION'],
}

function listFoundationModels(call: Call): PlainAnswer {
  const filter = (name: string): string | null => {
    const value = call.query.get(name)
    const allowed = ENUMS[name]
    if (value !== null && allowed !== undefined && !allowed.includes(value)) {
      throw constraint(value, name, `satisfy enum value set: [${allowed.join(', ')}]`)
    }
    return value
  }
  const provider = filter('byProvider')
  const output = filter('byOutputModality')
  const inference = filter('byInferenceType')
  const customization = filter('byCustomizationType')
  const cards = call.simulator.models
    .all()
    .map(({ card }) => card)
    .filter((card) => provider === null || card.providerName.toLowerCase() === provider.toLowerCase())
    .filter((card) => output === null || card.outputModalities.includes(output))
    .filter((card) => inference === null || card.inferenceTypes.includes(inference))
    // No card is customizable, so any such filter leaves nothing.
    .filter(() => customization === null)
  return free({ modelSummaries: cards.map((card) => summary(card, call.region)) })
}

function getFoundationModel(call: Call): PlainAnswer {
  const identifier = call.path.modelIdentifier ?? ''
  const id = identifier.replace(/^arn:aws[a-z-]*:bedrock:[a-z0-9-]*::foundation-model\//, '')
  const model = call.simulator.models.find(id)
  if (model === undefined) {
    const message = 'Could not resolve the foundation model from the provided model identifier.'
    throw new ApiError('ResourceNotFoundException', message)
  }
  return free({ modelDetails: summary(model.card, call.region) })
}

function summary(card: ModelCard, region: string): JsonObject {
  return {
    modelArn: `arn:aws:bedrock:${region}::foundation-model/${card.modelId}`,
    modelId: card.modelId,
    modelName: card.modelName,
    providerName: card.providerName,
    inputModalities: card.inputModalities,
    outputModalities: card.outputModalities,
    responseStreamingSupported: card.streaming,
    customizationsSupported: [],
    inferenceTypesSupported:
      card.profiles.length > 0 ? [...card.inferenceTypes, 'INFERENCE_PROFILE'] : card.inferenceTypes,
    modelLifecycle: { status: card.lifecycle },
  }
}
