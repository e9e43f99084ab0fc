// The Claude models on Bedrock: ids, profiles, limits; from AWS's model cards and price list, October 2026.
import type { ModelCard } from '../family.ts'
import { byProfile, cardsOf } from './card.ts'

const card = cardsOf('Anthropic', { inputModalities: ['TEXT', 'IMAGE'], cache: true })

const geographic = ['us', 'eu', 'au', 'jp', 'global']

export const CLAUDE_CARDS: readonly ModelCard[] = [
  card('anthropic.claude-haiku-5-5', 'Claude Haiku 5.5', {
    ...byProfile('us', 'eu', 'au', 'jp', 'us-gov', 'global'),
    maxOutputTokens: 128_000,
  }),
  card('anthropic.claude-sonnet-5-5', 'Claude Sonnet 5.5', { ...byProfile(...geographic), maxOutputTokens: 128_000 }),
  card('anthropic.claude-opus-5-5', 'Claude Opus 5.5', { ...byProfile(...geographic), maxOutputTokens: 128_000 }),
  card('anthropic.claude-fable-5-1', 'Claude Fable 5.1', { ...byProfile(...geographic), maxOutputTokens: 128_000 }),
  card('anthropic.claude-mythos-5-1', 'Claude Mythos 5.1', {
    ...byProfile('us', 'global'),
    maxOutputTokens: 128_000,
  }),
  card('anthropic.claude-fable-5', 'Claude Fable 5', { ...byProfile('us', 'eu', 'global'), maxOutputTokens: 128_000 }),
  card('anthropic.claude-sonnet-5', 'Claude Sonnet 5', {
    ...byProfile('us', 'eu', 'au', 'jp', 'in', 'global'),
    maxOutputTokens: 128_000,
  }),
  card('anthropic.claude-opus-5', 'Claude Opus 5', {
    ...byProfile('us', 'eu', 'au', 'jp', 'in', 'global'),
    maxOutputTokens: 128_000,
  }),
  card('anthropic.claude-opus-4-8', 'Claude Opus 4.8', { ...byProfile(...geographic), maxOutputTokens: 128_000 }),
  card('anthropic.claude-opus-4-7', 'Claude Opus 4.7', { ...byProfile(...geographic), maxOutputTokens: 128_000 }),
  card('anthropic.claude-opus-4-6-v1', 'Claude Opus 4.6', {
    ...byProfile('us', 'eu', 'au', 'global'),
    maxOutputTokens: 128_000,
    tiers: ['default', 'reserved'],
  }),
  card('anthropic.claude-sonnet-4-6', 'Claude Sonnet 4.6', {
    ...byProfile(...geographic),
    maxOutputTokens: 64_000,
    tiers: ['default', 'reserved'],
  }),
  card('anthropic.claude-haiku-4-5-20251001-v1:0', 'Claude Haiku 4.5', {
    ...byProfile('us', 'eu', 'au', 'jp', 'in', 'global'),
    maxOutputTokens: 64_000,
    tiers: ['default', 'reserved'],
  }),
  card('anthropic.claude-opus-4-5-20251101-v1:0', 'Claude Opus 4.5', {
    ...byProfile('us', 'eu', 'global'),
    maxOutputTokens: 64_000,
    tiers: ['default', 'reserved'],
  }),
  card('anthropic.claude-sonnet-4-5-20250929-v1:0', 'Claude Sonnet 4.5', {
    ...byProfile('us', 'eu', 'au', 'jp', 'us-gov', 'global'),
    maxOutputTokens: 64_000,
    tiers: ['default', 'reserved'],
  }),
  card('anthropic.claude-opus-4-1-20250805-v1:0', 'Claude Opus 4.1', { ...byProfile('us'), maxOutputTokens: 32_000 }),
  card('anthropic.claude-sonnet-4-20250514-v1:0', 'Claude Sonnet 4', {
    ...byProfile('us', 'eu', 'apac', 'global'),
    maxOutputTokens: 64_000,
    lifecycle: 'LEGACY',
  }),
  card('anthropic.claude-3-7-sonnet-20250219-v1:0', 'Claude 3.7 Sonnet', {
    ...byProfile('us', 'eu', 'apac', 'us-gov'),
    maxOutputTokens: 64_000,
    lifecycle: 'LEGACY',
  }),
  card('anthropic.claude-3-5-haiku-20241022-v1:0', 'Claude 3.5 Haiku', {
    ...byProfile('us'),
    inputModalities: ['TEXT'],
    maxOutputTokens: 8_192,
    lifecycle: 'LEGACY',
  }),
  card('anthropic.claude-3-5-sonnet-20241022-v2:0', 'Claude 3.5 Sonnet v2', {
    profiles: ['us', 'apac'],
    maxOutputTokens: 8_192,
    lifecycle: 'LEGACY',
  }),
  card('anthropic.claude-3-5-sonnet-20240620-v1:0', 'Claude 3.5 Sonnet', {
    profiles: ['us', 'eu', 'apac', 'us-gov'],
    maxOutputTokens: 8_192,
    lifecycle: 'LEGACY',
    cache: false,
  }),
  card('anthropic.claude-3-haiku-20240307-v1:0', 'Claude 3 Haiku', {
    profiles: ['us', 'eu', 'apac', 'us-gov'],
    maxOutputTokens: 4_096,
    lifecycle: 'LEGACY',
    cache: false,
  }),
  card('anthropic.claude-3-sonnet-20240229-v1:0', 'Claude 3 Sonnet', {
    profiles: ['us', 'eu', 'apac'],
    maxOutputTokens: 4_096,
    lifecycle: 'LEGACY',
    cache: false,
  }),
]

/** What a prompt must at least have for a cache breakpoint to count (AWS user guide, "Prompt caching", October 2026). */
export function minimumCacheTokens(modelId: string): number {
  if (/claude-(fable|mythos)-5|claude-opus-5/.test(modelId)) return 512
  if (/claude-opus-4-[567]|claude-haiku-4-5/.test(modelId)) return 4_096
  return modelId.includes('3-5-haiku') ? 2_048 : 1_024
}

/** The models that know a one-hour cache: Claude 4.5 and newer. */
export const hasHourCache = (modelId: string): boolean => !/claude-(3|sonnet-4-2025|opus-4-1-)/.test(modelId)

/** The models whose ids carry no version take the newer API version; the versioned ones refuse it (Anthropic docs, 2026-10). */
export const takesNewestVersion = (modelId: string): boolean => !/-v\d+(:\d+)?$/.test(modelId)

/** Claude 4.6 and newer do not continue a begun assistant message. */
export const refusesPrefill = (modelId: string): boolean => !/claude-(3|[a-z]+-4-(1-|5-|2025))/.test(modelId)

/** Claude 3 and 3.5 cannot think. */
export const canThink = (modelId: string): boolean => !/claude-3-(haiku|sonnet|opus|5-)/.test(modelId)
