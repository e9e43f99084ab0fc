// Usage of Amazon Nova text models on InvokeModel: TokenUsage in the body, or in the stream's metadata event.

import type { Family } from './family.ts'
import { readTokenUsage } from './token-usage.ts'

/** docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html; the cache counts are named `…InputTokenCount` here. */
export const NOVA: Family = {
  name: 'nova',
  answer: {
    usage: (value, sheet) => {
      readTokenUsage(sheet, 'body', value)
      sheet.ended = true
    },
    'metadata.usage': (value, sheet) => {
      readTokenUsage(sheet, 'metadata', value)
      sheet.ended = true
    },
  },
}
