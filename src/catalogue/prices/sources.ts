// Where the shipped prices are from, and when they were read: every price names one of these.

export const SOURCES = {
  list: 'AWS Price List, read 2026-10-08',
  listNorth: 'AWS Price List of eu-north-1, 2026-10',
  listRule: 'AWS Price List of eu-north-1, 2026-10; cache prices by the rule of its family',
  card: 'AWS model card, read 2026-10',
  page: 'Bedrock pricing page, read 2026-07-24',
  pageRule: 'Bedrock pricing page, read 2026-07-24; the region by its price class',
  collected: 'genai-prices 0.1.8, 2026-09-23',
  collectedRule: 'genai-prices 0.1.8, 2026-09-23; 1-hour cache writes at twice the input price',
  litellm: 'LiteLLM price map, 2026-07-24',
  govRule: 'AWS Price List, read 2026-10-08; long context at five times the price, as in other regions',
  samples: 'AWS chargeback sample, price table of 2024',
  guardrails: 'Bedrock pricing page, guardrails, prices since 2024-12',
  unbilled: 'Bedrock pricing page: not billed by this model',
} as const

export type SourceKey = keyof typeof SOURCES
