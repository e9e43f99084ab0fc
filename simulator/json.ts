// Reads JSON that came from outside: typed looks into a value of which nothing is known.
import type { Json, JsonObject } from './family.ts'

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const objectAt = (value: JsonObject, key: string): JsonObject | undefined => {
  const found = value[key]
  return isObject(found) ? found : undefined
}

export const stringAt = (value: JsonObject, key: string): string | undefined => {
  const found = value[key]
  return typeof found === 'string' ? found : undefined
}

export const numberAt = (value: JsonObject, key: string): number | undefined => {
  const found = value[key]
  return typeof found === 'number' ? found : undefined
}

export const arrayAt = (value: JsonObject, key: string): Json[] | undefined => {
  const found = value[key]
  return Array.isArray(found) ? found : undefined
}

/** The objects of a list; what is not an object is left out. */
export const objectsAt = (value: JsonObject, key: string): JsonObject[] => (arrayAt(value, key) ?? []).filter(isObject)

/** The only key of a union such as ContentBlock, or undefined. */
export const unionKey = (value: JsonObject): string | undefined => {
  const keys = Object.keys(value).filter((key) => value[key] !== null)
  return keys.length === 1 ? keys[0] : undefined
}
