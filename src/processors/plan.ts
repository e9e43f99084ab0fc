// What is to be done with the calls of each router, out of the file of routers: made once for each state of the file.

import type { CallLogDefinition } from '../core/call-log.ts'
import type { BrokerOptions, ProcessorDefinition, ProcessorRowDefinitions } from '../core/processor-definition.ts'
import type { Router, RouterConfiguration } from '../core/router.ts'
import type { Processor, ProcessorLink, ProcessorRows } from './processor.ts'

/** Of one router. */
export type RouterPlan = {
  readonly request: ProcessorRows
  readonly requestAfter: ProcessorRows
  /** hold the answer until they have changed it */
  readonly response: ProcessorRows
  readonly responseAfter: ProcessorRows
  readonly logs: boolean
  /** a broker sends calls here, and its clients may not */
  readonly onlyByBroker: boolean
}

export type Plan = {
  readonly configuration: RouterConfiguration
  readonly log: CallLogDefinition | null
  /** paths of routers that brokers spread calls over */
  readonly brokerTargets: ReadonlySet<string>
  planOf(router: Router): RouterPlan
  /** The router of that path; undefined: there is none. */
  routerAt(path: string): Router | undefined
}

export type PlanDependencies = {
  readonly configuration: RouterConfiguration
  /** The way to a processor; the same one for the same definition. */
  readonly linkOf: (definition: ProcessorDefinition) => ProcessorLink
}

export function planOf({ configuration, linkOf }: PlanDependencies): Plan {
  const { request = [], response = [], logger } = sectionsOf(configuration)
  const requestRows = linked(request, linkOf)
  const responseRows = linked(response, linkOf)
  const brokers = request.flat().flatMap(brokersIn)
  const blocked = new Set(brokers.filter(({ blockDirect }) => blockDirect).flatMap(({ targets }) => targets))
  const plans = new Map<Router, RouterPlan>()
  return {
    configuration,
    log: logger ?? null,
    brokerTargets: new Set(brokers.flatMap(({ targets }) => targets)),
    routerAt: (path) => configuration.routers.find((router) => router.path === path),
    planOf(router) {
      const known = plans.get(router)
      if (known !== undefined) return known
      const of = (rows: readonly (readonly Linked[])[], belongs: (one: Linked) => boolean): ProcessorRows =>
        rows.map((row) => row.filter((one) => isFor(one, router) && belongs(one))).filter((row) => row.length > 0)
      const isLate = (one: Linked): boolean => one.async || !one.modifier
      const made: RouterPlan = {
        request: of(requestRows, ({ async }) => !async),
        requestAfter: of(requestRows, ({ async }) => async),
        response: of(responseRows, (one) => !isLate(one)),
        responseAfter: of(responseRows, isLate),
        logs: logger?.routerPaths.has(router.path) ?? false,
        onlyByBroker: blocked.has(router.path),
      }
      plans.set(router, made)
      return made
    },
  }
}

type Sections = {
  readonly request?: ProcessorRowDefinitions
  readonly response?: ProcessorRowDefinitions
  readonly logger?: CallLogDefinition
}

/** Sound because the readers of these sections, in routers/, make nothing else. */
export const sectionsOf = ({ sections }: RouterConfiguration): Sections => sections

type Linked = Processor & { readonly routerPaths: readonly string[] | null }

const linked = (rows: ProcessorRowDefinitions, linkOf: PlanDependencies['linkOf']): readonly (readonly Linked[])[] =>
  rows.map((row) => row.map((definition) => ({ ...definition, link: linkOf(definition) })))

const isFor = ({ routerPaths }: Linked, { path }: Router): boolean => routerPaths?.includes(path) ?? true

const brokersIn = ({ link }: ProcessorDefinition): readonly BrokerOptions[] =>
  link.kind === 'builtin' && link.name === 'broker' ? [link.options] : []

/** All of a file. */
export const definitionsOf = (configuration: RouterConfiguration): readonly ProcessorDefinition[] => {
  const { request = [], response = [] } = sectionsOf(configuration)
  return [...request, ...response].flat()
}
