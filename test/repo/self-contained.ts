// What must hold for a clone to work anywhere and alone: exact pins, no install scripts, free licences, no trace of one machine.

import { missingOptionals, type Lock } from '../../scripts/lockfile.ts'

export type Manifest = { readonly [section: string]: unknown }

const SECTIONS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies', 'overrides']
/** A second version of a package stands under another name. */
const EXACT = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/

/** A range would install something else next month. */
export function looseVersionsOf(manifest: Manifest): string[] {
  return SECTIONS.flatMap((section) =>
    Object.entries((manifest[section] ?? {}) as Record<string, unknown>)
      .filter(([, version]) => typeof version !== 'string' || !EXACT.test(version))
      .map(([name, version]) => `${section}: ${name} is pinned to "${String(version)}", not to one version`),
  )
}

export const FREE_LICENCES: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
])

/** Holes in the lockfile, hosts in it, scripts at installation, and licences of what runs in production. */
export function lockBreachesOf(lock: Lock): string[] {
  const holes = missingOptionals(lock).map(({ path }) => `${path}: is missing (node scripts/complete-lockfile.ts)`)
  return Object.entries(lock.packages)
    .filter(([path]) => path !== '')
    .flatMap(([path, { dev, license, resolved, hasInstallScript }]) => [
      ...(resolved === undefined ? [] : [`${path}: names where it was fetched from, ${resolved}`]),
      ...(hasInstallScript === true ? [`${path}: has an install script, which .npmrc does not run`] : []),
      ...(dev === true || isFree(license) ? [] : [`${path}: its licence is ${license ?? 'not said'}`]),
    ])
    .concat(holes)
}

/** "A OR B" needs one that is allowed, "A AND B" both. */
function isFree(licence: string | undefined): boolean {
  const choices = (licence ?? '').replace(/^\((.*)\)$/, '$1').split(' OR ')
  return choices.some((choice) => choice.split(' AND ').every((part) => FREE_LICENCES.has(part)))
}

const TRACES: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w.~-])\/(?:work|root|home|Users|mnt)\/[\w.-]+/, 'a path of one machine'],
  [/\b(?:registry\.npmjs\.org|registry\.yarnpkg\.com|npm\.pkg\.github\.com|[\w.-]+\.jfrog\.io)\b/, 'a registry'],
  [
    /\b(?:house|stack|contract|faults|bedrock|seeds|field-lessons|BRIEF)\.md\b|\bthe seeds\b/,
    'a paper that is not here',
  ],
  [/\bissues? #?\d+\b|\bwork order\b|\bsub-?agents?\b/i, 'how it was made'],
  [/\bA[KS]IA[A-Z2-7]{16}\b/, 'a credential'],
]
// A test's own certificate for the loopback address needs its key beside it; it opens nothing.
const PRIVATE_KEY: readonly [RegExp, string] = [/-----BEGIN (?:RSA |EC )?PRIVATE KEY-----/, 'a private key']

/** Keys that AWS prints in its own documentation: published, and good for nothing. */
const PUBLISHED = /\bA[KS]IAIOSFODNN7EXAMPLE\b|\bAKIDEXAMPLE\b/g

/** Each line that ties the repository to a place, with what it is. */
export function tracesIn(path: string, text: string): string[] {
  const traces = path.endsWith('.fixture.ts') ? TRACES : [...TRACES, PRIVATE_KEY]
  return text.split('\n').flatMap((line, index) => {
    const kept = line.replace(PUBLISHED, '')
    return traces
      .filter(([pattern]) => pattern.test(kept))
      .map(([pattern, what]) => `${path}:${index + 1}: ${what}, "${pattern.exec(kept)?.[0] ?? ''}"`)
  })
}
