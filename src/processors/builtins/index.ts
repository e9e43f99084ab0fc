// The table of the processors that come with the gateway.

import type { Builtin } from '../../core/processor-definition.ts'
import { createModuleLink } from '../module-link.ts'
import type { ProcessorLink } from '../processor.ts'
import { createBroker } from './broker.ts'
import type { BuiltinWorld } from './builtin.ts'
import { createGuardrail } from './guardrail.ts'
import { createMock } from './mock.ts'
import { createCharacterCount } from './character-count.ts'

const REGEX_WORKERS = 2
const REGEX_MEGABYTES = 64

export function createBuiltin(builtin: Builtin, world: BuiltinWorld): ProcessorLink {
  switch (builtin.name) {
    case 'mock':
      return createMock(builtin.options, world)
    case 'regex':
      return createModuleLink({
        url: new URL('./regex-sections.ts', import.meta.url).href,
        name: builtin.name,
        options: builtin.options,
        workers: REGEX_WORKERS,
        memoryMegabytes: REGEX_MEGABYTES,
        now: world.now,
        onCrash: world.onCrash,
      })
    case 'guardrail':
      return createGuardrail(builtin.options, world)
    case 'character_count':
      return createCharacterCount()
    case 'broker':
      return createBroker(builtin.options, world)
    default:
      return builtin satisfies never
  }
}
