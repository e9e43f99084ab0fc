// Of the metadata of a request, what is kept on its entry: the configured keys only.

import type { CallFacts } from './surfaces/surface.ts'

export function keepMetadata(facts: CallFacts, keys: readonly string[]): CallFacts {
  if (isEmpty(facts.metadata)) return facts
  const kept = keys
    .filter((key) => Object.hasOwn(facts.metadata, key))
    .map((key) => [key, facts.metadata[key] as string])
  return { ...facts, metadata: kept.length === 0 ? NO_METADATA : Object.fromEntries(kept) }
}

function isEmpty(metadata: CallFacts['metadata']): boolean {
  for (const _ in metadata) return false
  return true
}

const NO_METADATA = {}
