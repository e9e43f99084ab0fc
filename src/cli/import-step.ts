// One thing that an import would do, or that is done already. Steps are made from what is there, so that the same file again changes nothing.

import type { AdminClient, Json } from './client.ts'

export type Step = {
  readonly kind: 'endpoint' | 'plan' | 'tenant' | 'key'
  readonly id: string
  readonly change: 'create' | 'change' | 'as it is'
  readonly words: string
  readonly apply: (admin: AdminClient) => Promise<Json>
}
