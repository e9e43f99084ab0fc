// What a route of this dialect is given of a request, before its model is known.

import type { Header } from '../client-metadata.ts'
import type { Fields } from '../converse/fields.ts'

export type AskedCall = { readonly fields: Fields; readonly body: Buffer; readonly header: Header }
