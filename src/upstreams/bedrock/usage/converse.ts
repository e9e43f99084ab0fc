// Usage of Converse and ConverseStream: one shape for every model, in the body or in the stream's last event.

import type { Reads } from './family.ts'
import { CONVERSE_TRACE } from './guardrail.ts'
import { compilePaths, type Finding } from './json-paths.ts'
import type { Sheet } from './sheet.ts'
import { readTokenUsage } from './token-usage.ts'

/**
 * ConverseResponse and the stream's `metadata` event hold the same members (API_runtime_Converse, API_runtime_ConverseStreamMetadataEvent).
 * They are found at their places in the JSON alone: text that a model wrote can never be taken for them.
 */
const READS: Readonly<Record<string, Reads>> = {
  usage: (value, sheet) => {
    readTokenUsage(sheet, sheet.streaming ? 'metadata' : 'body', value)
    sheet.ended = true
  },
  'serviceTier.type': (value, sheet) => sheet.servedTier(value),
  'performanceConfig.latency': (value, sheet) => sheet.latency(value),
  'trace.promptRouter.invokedModelId': (value, sheet) => sheet.invokedModel(value),
  ...CONVERSE_TRACE,
}

export const CONVERSE_PATHS = compilePaths(
  Object.entries(READS).map(([path, found]): Finding<Sheet> => ({ path, kind: 'value', found })),
)
