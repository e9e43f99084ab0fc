// The SageMaker endpoints of configs.json: names for callers and SageMaker's own names, and what has to be stored for them.

import { ENDPOINT_CALL_NAME, ENDPOINT_NAME } from '../core/endpoint.ts'
import { parseModelId } from '../core/model.ts'
import { segment, type Json } from './client.ts'
import { CommandFailure } from './failure.ts'
import type { Step } from './import-step.ts'

export type NamedEndpoint = { readonly name: string; readonly endpointName: string }

/** What is wrong with an entry of the map, in words; null: nothing. */
export function endpointFlaw({ name, endpointName }: NamedEndpoint): string | null {
  if (!ENDPOINT_CALL_NAME.test(name) || parseModelId(name) !== null)
    return `has the name "${name.slice(0, 80)}", which no endpoint can have: letters, digits, spaces and ". _ ( ) + : ' -".`
  if (!ENDPOINT_NAME.test(endpointName)) return `has "${endpointName.slice(0, 80)}", which SageMaker names no endpoint.`
  return null
}

/** Each name once, whichever units have it. Throws CommandFailure where two units mean different endpoints by it. */
export function distinctEndpoints(endpoints: readonly NamedEndpoint[]): readonly NamedEndpoint[] {
  const wanted = new Map<string, NamedEndpoint>()
  for (const endpoint of endpoints) {
    const { name, endpointName } = endpoint
    const before = wanted.get(name)?.endpointName ?? endpointName
    if (before !== endpointName)
      throw new CommandFailure(
        1,
        `"${name}" is ${before} in one unit and ${endpointName} in another: give them two names.`,
      )
    wanted.set(name, endpoint)
  }
  return [...wanted.values()]
}

export function endpointSteps(endpoints: readonly NamedEndpoint[], there: readonly Json[]): readonly Step[] {
  const ids = new Set(there.map((one) => String(one['endpoint_id'])))
  return endpoints.map((endpoint) => stepOf(endpoint, there, ids))
}

function stepOf({ name, endpointName }: NamedEndpoint, there: readonly Json[], ids: Set<string>): Step {
  const found = there.find((one) => one['name'] === name)
  const id = found === undefined ? freeId(name, ids) : String(found['endpoint_id'])
  ids.add(id)
  const { endpoint_id: _id, model_id: _model, created_at: _created, ...kept } = found ?? {}
  const body = { ...kept, name, endpoint_name: endpointName }
  return {
    kind: 'endpoint',
    id,
    change: found === undefined ? 'create' : found['endpoint_name'] === endpointName ? 'as it is' : 'change',
    words: `"${name}" is ${endpointName}, the model sagemaker.${id}`,
    apply: (admin) => admin.ask('PUT', `endpoints/${segment(id)}`, { body }),
  }
}

const LONGEST_ID = 56

/** The name in the letters that an id may have. */
function freeId(name: string, taken: ReadonlySet<string>): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_ID)
    .replace(/-$/, '')
  let id = plain
  for (let number = 2; taken.has(id); number += 1) id = `${plain}-${number}`
  return id
}
