// The ways to processors, made once for each definition and kept as long as the file of routers has it.

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProcessorDefinition } from '../core/processor-definition.ts'
import { createBuiltin } from './builtins/index.ts'
import type { BuiltinWorld } from './builtins/builtin.ts'
import { createHttpLink } from './http-link.ts'
import { createModuleLink } from './module-link.ts'
import type { ProcessorLink } from './processor.ts'

export type LinksDependencies = BuiltinWorld & {
  /** modules are named from here */
  readonly folder: string
}

export type Links = {
  linkOf(definition: ProcessorDefinition): ProcessorLink
  /** All that are not among these are closed, when no call can have them any more. */
  keep(definitions: readonly ProcessorDefinition[]): void
  close(): Promise<void>
}

/** Longer than any processor's own time. */
const CLOSE_AFTER_MILLISECONDS = 150_000

export function createLinks(dependencies: LinksDependencies): Links {
  const links = new Map<string, ProcessorLink>()
  const leaving = new Map<ProcessorLink, NodeJS.Timeout>()
  return {
    linkOf(definition) {
      const key = keyOf(definition)
      const known = links.get(key)
      if (known !== undefined) return known
      const made = make(definition, dependencies)
      links.set(key, made)
      return made
    },
    keep(definitions) {
      const wanted = new Set(definitions.map(keyOf))
      for (const [key, link] of links) {
        if (wanted.has(key)) continue
        links.delete(key)
        leaving.set(link, setTimeout(() => (leaving.delete(link), void link.close()), CLOSE_AFTER_MILLISECONDS).unref())
      }
    },
    async close() {
      for (const timer of leaving.values()) clearTimeout(timer)
      await Promise.all([...links.values(), ...leaving.keys()].map((link) => link.close()))
      links.clear()
      leaving.clear()
    },
  }
}

const keyOf = ({ name, link, atOnce }: ProcessorDefinition): string => JSON.stringify([name, link, atOnce])

function make({ name, link, atOnce }: ProcessorDefinition, dependencies: LinksDependencies): ProcessorLink {
  switch (link.kind) {
    case 'http':
      return createHttpLink({ url: link.url, headers: link.headers, connections: atOnce })
    case 'module':
      return createModuleLink({
        url: pathToFileURL(resolve(dependencies.folder, link.path)).href,
        name,
        options: link.options,
        workers: link.workers,
        memoryMegabytes: link.memoryMegabytes,
        now: dependencies.now,
        onCrash: dependencies.onCrash,
      })
    case 'builtin':
      return createBuiltin(link, dependencies)
    default:
      return link satisfies never
  }
}
