// Makes up the call of a tool: whether a model calls one, which, and with arguments that fit the tool's schema.
import type { Json, JsonObject } from '../family.ts'
import { hash } from './generation.ts'
import { asArray, asObject, asString, asStrings } from './json.ts'

/** A tool as any family declares it, reduced to what matters here. */
export type Tool = { name: string; schema: JsonObject }

/** How the caller wants tools to be used. */
export type ToolChoice = { kind: 'auto' | 'any' | 'none' } | { kind: 'tool'; name: string }

/**
 * The tool that is called, or null for a plain answer. A named tool, or any tool, is always called; in `auto` a tool is
 * called once: never when the last message brings a tool's result.
 */
export function chooseTool(
  tools: readonly Tool[],
  choice: ToolChoice,
  answersTool: boolean,
  prompt: string,
): Tool | null {
  if (choice.kind === 'none' || tools.length === 0) return null
  if (choice.kind === 'tool') return tools.find(({ name }) => name === choice.name) ?? null
  if (choice.kind === 'auto' && answersTool) return null
  return tools[hash(prompt) % tools.length] ?? null
}

/** Arguments for `tool`: every property of its schema, with values of the declared types. */
export function toolArguments(tool: Tool, seed: string): JsonObject {
  const value = valueFor(tool.schema, `${seed}/${tool.name}`, 0)
  return asObject(value) ?? {}
}

const DEEPEST = 6

function valueFor(schema: JsonObject, seed: string, depth: number): Json {
  const choices = asArray(schema['enum'])
  if (choices.length > 0) return choices[hash(seed) % choices.length] ?? null
  if (schema['const'] !== undefined) return schema['const']
  switch (typeOf(schema)) {
    case 'object':
      return objectFor(schema, seed, depth)
    case 'array':
      return depth >= DEEPEST ? [] : [valueFor(asObject(schema['items']) ?? {}, `${seed}/0`, depth + 1)]
    case 'integer':
    case 'number':
      return hash(seed) % 100
    case 'boolean':
      return hash(seed) % 2 === 0
    case 'null':
      return null
    default:
      return `simulated ${hash(seed) % 1000}`
  }
}

function objectFor(schema: JsonObject, seed: string, depth: number): JsonObject {
  if (depth >= DEEPEST) return {}
  const out: JsonObject = {}
  for (const [name, member] of Object.entries(asObject(schema['properties']) ?? {}))
    out[name] = valueFor(asObject(member) ?? {}, `${seed}/${name}`, depth + 1)
  return out
}

function typeOf(schema: JsonObject): string | undefined {
  const type = asString(schema['type']) ?? asStrings(schema['type'])[0]
  if (type !== undefined) return type
  return schema['properties'] === undefined ? undefined : 'object'
}
