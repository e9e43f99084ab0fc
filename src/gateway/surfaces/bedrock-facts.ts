// Reads from a native Bedrock request what policy and pricing need: output cap, tier, metadata. The body stays bytes.

import { GatewayError } from '../../core/errors.ts'
import { tierOfWire, type Tier } from '../../core/model.ts'
import { scanJson } from '../../http/json-guard.ts'
import type { CallFacts, Route } from './surface.ts'

/** Where the families put the cap on output tokens (request shapes of the model pages of the Bedrock user guide, 2026-11). */
const OUTPUT_CAPS = [
  'inferenceConfig.maxTokens',
  'inferenceConfig.max_new_tokens',
  'max_tokens',
  'max_completion_tokens',
  'max_tokens_to_sample',
  'max_gen_len',
  'maxTokens',
  'textGenerationConfig.maxTokenCount',
  'additionalModelRequestFields.max_tokens',
]
/** Where they put how many answers or images are wanted. */
const ANSWER_COUNTS = ['n', 'num_generations', 'numResults', 'imageGenerationConfig.numberOfImages']
