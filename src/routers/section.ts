// Reads a parsed mapping field by field; every problem is kept with its path, and a field that nobody asked for is one too.

export type Problem = { readonly path: string; readonly words: string }

export class Section {
  readonly path: string
  readonly #problems: Problem[]
  readonly #fields: ReadonlyMap<string, unknown>
  readonly #asked = new Set<string>()

  constructor(value: unknown, path: string, problems: Problem[]) {
    this.path = path
    this.#problems = problems
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isMapping && !isMissing(value)) this.#say(path, 'must be a mapping')
    this.#fields = new Map(isMapping ? Object.entries(value) : [])
  }

  has(name: string): boolean {
    return !isMissing(this.#fields.get(name))
  }

  get names(): readonly string[] {
    return [...this.#fields.keys()]
  }

  problem(name: string, words: string): void {
    this.#say(this.#at(name), words)
  }

  /** Null where it is missing; a value of another kind is a problem. Numbers and truth values count as the text that they are written as. */
  text(name: string, check: RegExp = /^[^\0]{1,8192}$/s, words = 'must be a text'): string | null {
    const value = this.#ask(name)
    if (isMissing(value)) return null
    const text = textOf(value)
    if (text !== null && check.test(text)) return text
    this.problem(name, words)
    return null
  }

  choice<const Choice extends string>(name: string, choices: readonly Choice[], usual: Choice): Choice {
    const text = this.text(name)
    const choice = text === null ? usual : choices.find((candidate) => candidate === text)
    if (choice === undefined) this.problem(name, `must be one of ${choices.join(', ')}`)
    return choice ?? usual
  }

  whole(name: string, range: { readonly from: number; readonly to: number }): number | null {
    const value = this.#ask(name)
    if (isMissing(value)) return null
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
    if (typeof number === 'number' && Number.isInteger(number) && number >= range.from && number <= range.to)
      return number
    this.problem(name, `must be a whole number from ${range.from} to ${range.to}`)
    return null
  }

  flag(name: string, usual: boolean): boolean {
    const value = this.#ask(name)
    if (isMissing(value)) return usual
    if (typeof value === 'boolean') return value
    if (value === 'true' || value === 'false') return value === 'true'
    this.problem(name, 'must be true or false')
    return usual
  }

  /** One text counts as a list of one. */
  texts(name: string, most: number, check?: RegExp, words?: string): readonly string[] | null {
    const value = this.#ask(name)
    if (isMissing(value)) return null
    const list = Array.isArray(value) ? value : [value]
    if (list.length > most) this.problem(name, `holds more than ${most} values`)
    const texts = list.slice(0, most).map((item, index) => {
      const text = textOf(item)
      if (text !== null && (check ?? /^[^\0]{0,8192}$/s).test(text)) return text
      this.problem(Array.isArray(value) ? `${name}[${index}]` : name, words ?? 'must be a text')
      return null
    })
    return texts.filter((text) => text !== null)
  }

  section(name: string): Section {
    return new Section(this.#ask(name), this.#at(name), this.#problems)
  }

  sections(name: string, most: number): readonly Section[] {
    const value = this.#ask(name)
    if (isMissing(value)) return []
    if (!Array.isArray(value) || value.length > most) {
      this.problem(name, `must be a list of at most ${most} mappings`)
      return []
    }
    return value.map((item, index) => new Section(item, `${this.#at(name)}[${index}]`, this.#problems))
  }

  /** A list of lists of mappings. */
  rows(name: string, most: { readonly rows: number; readonly members: number }): readonly (readonly Section[])[] {
    const value = this.#ask(name)
    if (isMissing(value)) return []
    const isRows = Array.isArray(value) && value.length <= most.rows
    if (!isRows || !value.every((row) => Array.isArray(row) && row.length <= most.members)) {
      this.problem(name, `must be a list of at most ${most.rows} lists of at most ${most.members} mappings each`)
      return []
    }
    return value.map((row: readonly unknown[], index) =>
      row.map((item, at) => new Section(item, `${this.#at(name)}[${index}][${at}]`, this.#problems)),
    )
  }

  /** All of its fields, each a text. */
  textMap(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.names.map((name) => [name, this.text(name) ?? '']))
  }

  /** As it stands, for readers of other sections. */
  raw(name: string): unknown {
    return this.#ask(name)
  }

  /** Call when everything was asked for: what is left is not known. */
  end(): void {
    for (const name of this.#fields.keys()) {
      if (this.#asked.has(name)) continue
      this.problem(name, `is not known; known are ${[...this.#asked].join(', ')}`)
    }
  }

  #ask(name: string): unknown {
    this.#asked.add(name)
    return this.#fields.get(name)
  }

  #at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  #say(path: string, words: string): void {
    this.#problems.push({ path: path.slice(0, 300), words })
  }
}

const isMissing = (value: unknown): value is null | undefined => value === undefined || value === null

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null
}
