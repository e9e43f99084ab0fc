// The lockfile's packages of other platforms: which are missing, and what stands in for them. They are never fetched on this platform.

export type LockedPackage = {
  readonly version?: string
  readonly dev?: boolean
  readonly license?: string
  readonly resolved?: string
  readonly hasInstallScript?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

export type Lock = { readonly packages: Readonly<Record<string, LockedPackage>> }

type Missing = { readonly path: string; readonly name: string; readonly version: string; readonly dev: boolean }

/** Optional dependencies that no place in the lockfile provides. */
export function missingOptionals(lock: Lock): Missing[] {
  return Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {}, dev = false }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !placesFor(path, name).some((place) => Object.hasOwn(lock.packages, place)))
      .map(([name, version]) => ({ path: `node_modules/${name}`, name, version, dev })),
  )
}

/** Where Node would look for the package from here: in the own node_modules, then in each one further out. */
function placesFor(path: string, name: string): string[] {
  const places = [path === '' ? `node_modules/${name}` : `${path}/node_modules/${name}`]
  for (let at = path.lastIndexOf('node_modules/'); at >= 0; at = path.lastIndexOf('node_modules/', at - 1)) {
    places.push(`${path.slice(0, at)}node_modules/${name}`)
    if (at === 0) break
  }
  return places
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64']

/** Throws for a package whose name does not say its platform, and for a version that is not exact: neither can be made up. */
export function completeLockfile<Given extends Lock>(lock: Given): { lock: Given; added: readonly string[] } {
  const missing = missingOptionals(lock)
  const entries = missing.map(({ path, name, version, dev }): [string, LockedPackage] => {
    const system = SYSTEMS.find((candidate) => name.includes(candidate))
    const processor = PROCESSORS.find((candidate) => name.includes(candidate))
    if (system === undefined || processor === undefined) throw new Error(`${name} does not say its platform`)
    if (!/^\d+\.\d+\.\d+/.test(version)) throw new Error(`${name} has no exact version: ${version}`)
    const libc = name.includes('musl') ? { libc: ['musl'] } : name.endsWith('gnu') ? { libc: ['glibc'] } : {}
    return [path, { version, cpu: [processor], ...(dev ? { dev } : {}), ...libc, optional: true, os: [system] }]
  })
  const packages = Object.fromEntries(
    [...Object.entries(lock.packages), ...entries].toSorted(([left], [right]) => (left < right ? -1 : 1)),
  )
  return { lock: { ...lock, packages }, added: missing.map(({ path }) => path) }
}
