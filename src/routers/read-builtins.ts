// What can be set for each of the processors that come with the gateway.

import { linearPattern } from '../core/linear-pattern.ts'
import type { Builtin } from '../core/processor-definition.ts'
import type { ProcessorSide } from '../core/processor.ts'
import type { Router } from '../core/router.ts'
import type { Section } from './section.ts'

type Place = { readonly side: ProcessorSide; readonly routers: readonly Router[] }
type Reader = (options: Section, place: Place) => Builtin

const LONGEST_LATENCY_MILLISECONDS = 60_000
/** As the samples' broker has it. */
const USUAL_DISABLE_SECONDS = 600

const READERS: Readonly<Record<Builtin['name'], Reader>> = {
  mock: (options, { routers }) => ({
    name: 'mock',
    options: {
      latencyMilliseconds: options.whole('latency', { from: 0, to: LONGEST_LATENCY_MILLISECONDS }) ?? 0,
      spread: options.flag('spread', true),
      replays: routerPath(options, 'replays', routers),
    },
  }),
  regex: (options, { side }) => ({
    name: 'regex',
    options: {
      pattern: pattern(options),
      textPaths: textPaths(options, side),
      withoutStart: options.text('without_start') ?? '',
      withoutEnd: options.text('without_end') ?? '',
    },
  }),
  guardrail: (options, { side }) => ({
    name: 'guardrail',
    options: {
      id: needed(options, 'id', /^[a-z0-9]{1,64}$/, 'must be the id of a guardrail, not its ARN'),
      version: options.text('version', /^(?:DRAFT|[1-9][0-9]{0,7})$/, 'must be DRAFT or a number') ?? 'DRAFT',
      textPaths: textPaths(options, side),
      status: options.whole('status', { from: 200, to: 599 }) ?? 200,
    },
  }),
  character_count: () => ({ name: 'character_count', options: null }),
  broker(options, { routers }) {
    const targets = options.texts('targets', 100) ?? []
    if (targets.length === 0) options.problem('targets', 'must name at least one router')
    for (const target of targets)
      if (!routers.some(({ path }) => path === target))
        options.problem('targets', `names the router "${target.slice(0, 64)}", which there is not`)
    const seconds = options.whole('disable_seconds', { from: 1, to: 86_400 }) ?? USUAL_DISABLE_SECONDS
    const blockDirect = options.flag('block_direct', false)
    return { name: 'broker', options: { targets, disableMilliseconds: seconds * 1_000, blockDirect } }
  },
}

export const BUILTIN_NAMES = Object.keys(READERS) as readonly Builtin['name'][]

export function readBuiltin(name: Builtin['name'], options: Section, place: Place): Builtin {
  const read = READERS[name](options, place)
  options.end()
  return read
}

function needed(options: Section, name: string, check: RegExp, words: string): string {
  const text = options.text(name, check, words)
  if (text === null && !options.has(name)) options.problem(name, 'is missing')
  return text ?? ''
}

function routerPath(options: Section, name: string, routers: readonly Router[]): string | null {
  const path = options.text(name)
  if (path !== null && !routers.some((router) => router.path === path))
    options.problem(name, `names the router "${path.slice(0, 64)}", which there is not`)
  return path
}

function pattern(options: Section): string {
  const source = needed(options, 'pattern', /^.{1,256}$/s, 'must be a pattern of 1 to 256 characters')
  try {
    linearPattern(source)
  } catch (thrown) {
    options.problem('pattern', thrown instanceof RangeError ? thrown.message : 'is no pattern')
  }
  return source
}

/** Where the common dialects have the texts of a request and of an answer. */
const USUAL_TEXT_PATHS: Readonly<Record<ProcessorSide, readonly string[]>> = {
  request: [
    'messages.*.content',
    'messages.*.content.*.text',
    'system',
    'system.*.text',
    'prompt',
    'inputText',
    'input',
    'instructions',
  ],
  response: [
    'choices.*.message.content',
    'choices.*.text',
    'content.*.text',
    'output.message.content.*.text',
    'output.*.content.*.text',
    'results.*.outputText',
    'outputs.*.text',
    'generation',
    'completion',
  ],
}

const TEXT_PATH = /^(?:[^.]{1,64}\.){0,15}[^.]{1,64}$/

const textPaths = (options: Section, side: ProcessorSide): readonly string[] =>
  options.texts('text_paths', 50, TEXT_PATH, 'is no dotted path') ?? USUAL_TEXT_PATHS[side]
