// The sections "request" and "response" of the file of routers: rows of processors, each checked by itself and against its side.

import type { LinkDefinition, ProcessorDefinition, ProcessorRowDefinitions } from '../core/processor-definition.ts'
import { CONTROL_FIELD, FIELD_NAME, mayBeWritten, type ProcessorSide } from '../core/processor.ts'
import type { Router } from '../core/router.ts'
import { BUILTIN_NAMES, readBuiltin } from './read-builtins.ts'
import type { Section } from './section.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const MOST_FIELDS = 100
const MOST_ROWS = 50
const MOST_MEMBERS = 50
const LONGEST_TIMEOUT_MILLISECONDS = 120_000
/** As the samples' processors have it. */
const USUAL_TIMEOUT_MILLISECONDS = 50

export const readProcessorRows =
  (side: ProcessorSide) =>
  (section: Section, routers: readonly Router[]): ProcessorRowDefinitions => {
    const seen = new Set<string>()
    const rows = section.rows('processors', { rows: MOST_ROWS, members: MOST_MEMBERS }).map((row) =>
      row.map((member) => {
        const definition = readProcessor(member, side, routers)
        if (seen.has(definition.name)) member.problem('name', `is that of another processor too: "${definition.name}"`)
        seen.add(definition.name)
        return definition
      }),
    )
    section.end()
    return rows
  }

function readProcessor(section: Section, side: ProcessorSide, routers: readonly Router[]): ProcessorDefinition {
  const link = readLink(section, side, routers)
  const atOnce = section.whole('at_once', { from: 1, to: 1_000 })
  if (link?.kind === 'module' && atOnce !== null) section.problem('at_once', 'is "workers" for a module: leave it out')
  const definition: ProcessorDefinition = {
    name: readName(section),
    modifier: section.flag('modifier', false),
    required: section.flag('required', false),
    async: section.flag('async', false),
    inputFieldsInclude: fieldNames(section, 'input_fields_include'),
    inputFieldsExclude: [...fieldNames(section, 'input_fields_exclude'), ...unasked(section, side)],
    outputFieldsWrite: fieldNames(section, 'output_fields_write'),
    timeoutMilliseconds:
      section.whole('timeout', { from: 1, to: LONGEST_TIMEOUT_MILLISECONDS }) ?? USUAL_TIMEOUT_MILLISECONDS,
    atOnce: atOnceOf(link, atOnce),
    routerPaths: routerPaths(section, 'routers', routers),
    link: link ?? { kind: 'builtin', name: 'character_count', options: null },
  }
  checkMeaning(section, definition, side)
  section.end()
  return definition
}

function readName(section: Section): string {
  const name = section.text('name', NAME, 'must be 1 to 64 letters, digits, "_", "." and "-"')
  if (name === null && !section.has('name')) section.problem('name', 'is missing')
  return name ?? ''
}

function atOnceOf(link: LinkDefinition | null, said: number | null): number {
  if (link?.kind === 'module') return link.workers
  return said ?? (isThreaded(link) ? REGEX_AT_ONCE : 64)
}

const isThreaded = (link: LinkDefinition | null): boolean => link?.kind === 'builtin' && link.name === 'regex'
/** As many as it has threads. */
const REGEX_AT_ONCE = 2

/** The whole request is given with an answer only to who names it. */
const unasked = (section: Section, side: ProcessorSide): readonly string[] =>
  side === 'response' && !section.has('input_fields_include') ? ['request'] : []

const fieldNames = (section: Section, name: string): readonly string[] =>
  section.texts(name, MOST_FIELDS, FIELD_NAME, 'is no name of a field') ?? []

/** Null: not said. */
export function routerPaths(section: Section, name: string, routers: readonly Router[]): readonly string[] | null {
  const paths = section.texts(name, 1_000)
  const strange = paths?.find((path) => !routers.some((router) => router.path === path))
  if (strange !== undefined) section.problem(name, `names the router "${strange.slice(0, 64)}", which there is not`)
  return paths
}

/** What cannot be meant. */
function checkMeaning(section: Section, definition: ProcessorDefinition, side: ProcessorSide): void {
  const { outputFieldsWrite: writes, required, async, modifier } = definition
  const forbidden = writes.find((field) => !mayBeWritten(side, field))
  if (forbidden !== undefined)
    section.problem('output_fields_write', `names "${forbidden}", which only the gateway itself writes`)
  if (async && required) section.problem('required', 'cannot be with async: it runs when the answer was given')
  if (side === 'response' && required && !modifier)
    section.problem('required', 'needs modifier: an answer never waits for an annotator')
  if (async && side === 'request' && writes.includes(CONTROL_FIELD))
    section.problem('async', 'makes "control" come too late: leave it out')
}

function readLink(section: Section, side: ProcessorSide, routers: readonly Router[]): LinkDefinition | null {
  const kinds = (['http', 'module', 'builtin'] as const).filter((kind) => section.has(kind))
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1) {
    section.problem(kind ?? 'http', 'must be there alone: one of http, module and builtin says where the processor is')
    for (const name of ['http', 'module', 'builtin', 'headers', 'options', 'workers', 'memory_megabytes'])
      section.raw(name)
    return null
  }
  switch (kind) {
    case 'http':
      return { kind, url: webAddress(section, 'http'), headers: section.section('headers').textMap() }
    case 'module':
      return {
        kind,
        path: section.text('module') ?? '',
        options: section.raw('options') ?? {},
        workers: section.whole('workers', { from: 1, to: 32 }) ?? 2,
        memoryMegabytes: section.whole('memory_megabytes', { from: 16, to: 4_096 }) ?? 128,
      }
    case 'builtin': {
      const name = section.choice('builtin', BUILTIN_NAMES, 'character_count')
      return { kind, ...readBuiltin(name, section.section('options'), { side, routers }) }
    }
    default:
      return kind satisfies never
  }
}

/** An http or https URL without credentials; '' where it is none. */
export function webAddress(section: Section, name: string): string {
  const text = section.text(name) ?? ''
  const url = URL.canParse(text) ? new URL(text) : null
  const isWeb = url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
  if (isWeb && url.username === '' && url.password === '' && url.hash === '') return text
  section.problem(name, 'must be an http or https URL; credentials go into a header')
  return ''
}
