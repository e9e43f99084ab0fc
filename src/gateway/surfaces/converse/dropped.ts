// What of a request could not be carried to the upstream: collected while it is translated, told in one header of the answer.

const HEADER = 'x-weighbridge-dropped'
const MOST_NAMES = 32
const LONGEST_NAME = 64
const UNPRINTABLE = /[^\w.[\]-]/g

export class Dropped {
  readonly #names = new Set<string>()

  /** A member by its path. Indexes are left out, so that a thousand messages with one flaw are one name. */
  add(path: string): void {
    if (this.#names.size < MOST_NAMES)
      this.#names.add(
        path
          .replaceAll(/\[\d+\]/g, '[]')
          .replaceAll(UNPRINTABLE, '_')
          .slice(0, LONGEST_NAME),
      )
  }

  addAll(paths: readonly string[]): void {
    for (const path of paths) this.add(path)
  }

  /** Flat; empty where all was carried. */
  headers(): string[] {
    return this.#names.size === 0 ? [] : [HEADER, [...this.#names].join(', ')]
  }
}
