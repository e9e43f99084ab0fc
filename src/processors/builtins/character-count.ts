// Counts the characters of the texts of a payload.

import { charactersIn } from '../../core/payload-texts.ts'
import { readPayload } from '../payload.ts'
import type { ProcessorLink } from '../processor.ts'

export const createCharacterCount = (): ProcessorLink => ({
  async call({ fields }) {
    const payloads = ['ingress_payload', 'inbound_payload', 'egress_payload'].filter((name) =>
      Object.hasOwn(fields, name),
    )
    const counts = payloads.map((name) => [name, charactersIn(readPayload(fields[name]))])
    return { character_count: Object.fromEntries(counts) as Record<string, number> }
  },
  close: async () => undefined,
})
