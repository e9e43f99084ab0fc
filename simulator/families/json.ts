// Reads members of JSON without trusting their type: absent and of another type are both undefined.
import type { Json, JsonObject } from '../family.ts'

export const asObject = (value: Json | undefined): JsonObject | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined

export const asArray = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : [])

export const asObjects = (value: Json | undefined): JsonObject[] =>
  asArray(value).flatMap((item) => {
    const object = asObject(item)
    return object === undefined ? [] : [object]
  })

export const asString = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

export const asNumber = (value: Json | undefined): number | undefined => (typeof value === 'number' ? value : undefined)

export const asStrings = (value: Json | undefined): string[] =>
  asArray(value).filter((item): item is string => typeof item === 'string')
