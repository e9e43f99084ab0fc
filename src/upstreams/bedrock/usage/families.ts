// The closed table from a base model to the family that knows its usage.

import { CLAUDE } from './claude.ts'
import type { Family } from './family.ts'
import { GENERIC } from './generic.ts'
import { invokePaths } from './invoke.ts'
import type { PathNode } from './json-scanner.ts'
import type { Sheet } from './sheet.ts'

export type KnownFamily = { readonly family: Family; readonly paths: PathNode<Sheet> }

/** The first pattern that matches the base model id counts. */
const FAMILIES = [known(/^anthropic\.claude/, CLAUDE)]

const UNKNOWN: KnownFamily = known(/^/, GENERIC)

/** Null, and whatever the table does not have: the generic reader. */
export function familyOf(baseModel: string | null): KnownFamily {
  if (baseModel === null) return UNKNOWN
  return FAMILIES.find(({ pattern }) => pattern.test(baseModel)) ?? UNKNOWN
}

function known(pattern: RegExp, family: Family): KnownFamily & { readonly pattern: RegExp } {
  return { pattern, family, paths: invokePaths(family) }
}
