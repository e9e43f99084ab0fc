// Usage of InvokeModel and its stream: what every family's answers share, joined with what the model's family knows.

import { type Family, member, type Reads, answerPaths } from './family.ts'
import { INVOKE_TRACE } from './guardrail.ts'
import type { PathNode } from './json-paths.ts'
import type { Sheet } from './sheet.ts'

/**
 * The last chunk of a stream carries these beside the model's own members (seen in public captures; counts as in the headers, cache
 * writes not split). They never erase what the usage block said.
 */
const METRICS = 'amazon-bedrock-invocationMetrics'

const readMetrics: Reads = (value, sheet) => {
  sheet.say('metrics', 'input_tokens', member(value, 'inputTokenCount'))
  sheet.say('metrics', 'output_tokens', member(value, 'outputTokenCount'))
  sheet.say('metrics', 'cache_read_tokens', member(value, 'cacheReadInputTokenCount'))
  sheet.say('metrics', 'cache_write_tokens', member(value, 'cacheWriteInputTokenCount'))
  sheet.finalSeen = true
}

const COMMON: Readonly<Record<string, Reads>> = {
  [METRICS]: readMetrics,
  'amazon-bedrock-trace.promptRouter.invokedModelId': (value, sheet) => sheet.invokedModel(value),
  ...INVOKE_TRACE,
}

export function invokePaths(family: Family): PathNode<Sheet> {
  return answerPaths(family, COMMON)
}
