// Usage of Mistral models: OpenAI's block on the chat models, nothing in the body on the old text models.

import type { Family } from './family.ts'
import { OPENAI_ANSWER } from './openai.ts'

/**
 * docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html: `{"outputs":[{"text","stop_reason"}]}` says
 * no usage, so the headers or the stream's metrics have to. The chat models: model-parameters-mistral-chat-completion.html.
 */
export const MISTRAL: Family = { name: 'mistral', answer: OPENAI_ANSWER }
