// The longest input of the models of which it is published, in tokens; a model that is not here has none that is known.

type Window = { readonly models: RegExp; readonly tokens: number }

/** By base model id, the first that matches; the makers' model cards and the Bedrock user guide, read until 2026-11. */
const WINDOWS: readonly Window[] = [
  { models: /^anthropic\.claude-(?:v2$|instant)/, tokens: 100_000 },
  { models: /^anthropic\.claude-(?:v2:1|3-|opus-4-(?:2025|1-|5-)|haiku-4-5)/, tokens: 200_000 },
  { models: /^anthropic\.claude-(?:sonnet-4-|opus-4-[678])/, tokens: 1_000_000 },
  { models: /^amazon\.nova-micro/, tokens: 128_000 },
  { models: /^amazon\.nova-(?:lite|pro)-v1/, tokens: 300_000 },
  { models: /^amazon\.nova-(?:premier-v1|2-lite)/, tokens: 1_000_000 },
  { models: /^amazon\.titan-text-premier/, tokens: 32_768 },
  { models: /^amazon\.titan-(?:text-express|tg1)/, tokens: 8_192 },
  { models: /^amazon\.titan-text-lite/, tokens: 4_096 },
  { models: /^meta\.llama3-(?:8b|70b)/, tokens: 8_192 },
  { models: /^meta\.llama3-[123]/, tokens: 131_072 },
  { models: /^meta\.llama4-maverick/, tokens: 1_048_576 },
  { models: /^meta\.llama4-scout/, tokens: 10_485_760 },
  { models: /^mistral\.(?:mistral-7b|mixtral|mistral-(?:large|small)-2402)/, tokens: 32_768 },
  { models: /^mistral\.(?:mistral-large-2407|pixtral-large)/, tokens: 131_072 },
  { models: /^cohere\.command-r/, tokens: 131_072 },
  { models: /^ai21\.jamba/, tokens: 262_144 },
  { models: /^deepseek\.r1/, tokens: 131_072 },
  { models: /^openai\.gpt-oss-(?:120b|20b)/, tokens: 131_072 },
]

export const contextTokensOf = (baseModel: string): number | null =>
  WINDOWS.find(({ models }) => models.test(baseModel))?.tokens ?? null
