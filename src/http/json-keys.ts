// Tells the keys of a JSON object apart by their bytes, whatever escapes they are written with.

/** The keys of one object, compared as bytes: making strings of them would cost more than the rest of the scan. */
export class JsonKeys {
  count = 0
  private readonly body: Buffer
  /** of the current key: where its bytes are, and their hash */
  private source: Buffer
  private start = 0
  private end = 0
  private hash = 0
  /** of each remembered key: hash, start, end */
  private readonly known: number[] = []
  /** of each remembered key that was written with escapes: what it says; by its number */
  private decoded: Map<number, Buffer> | null = null

  constructor(body: Buffer) {
    this.body = body
    this.source = body
  }

  read(start: number, end: number, escaped: boolean): void {
    this.source = this.body
    this.start = start
    this.end = end
    if (escaped) {
      // what the key says, whatever the escapes that it is written with
      this.source = Buffer.from(String(JSON.parse(this.body.toString('utf8', start - 1, end + 1))))
      this.start = 0
      this.end = this.source.length
    }
    let hash = 0
    for (let index = this.start; index < this.end; index++) hash = (Math.imul(hash, 31) + this.source[index]!) | 0
    this.hash = hash
  }

  text(): string {
    return this.source.toString('utf8', this.start, this.end)
  }

  findIn<Named extends { readonly name: Buffer }>(children: readonly Named[]): Named | null {
    const length = this.end - this.start
    for (const child of children) {
      if (child.name.length === length && this.isSame(child.name, 0)) return child
    }
    return null
  }

  isRepeated(): boolean {
    const { hash, known } = this
    const length = this.end - this.start
    for (let index = 0; index < known.length; index += 3) {
      if (known[index] !== hash || known[index + 2]! - known[index + 1]! !== length) continue
      if (this.isSame(this.decoded?.get(index / 3) ?? this.body, known[index + 1]!)) return true
    }
    return false
  }

  remember(): void {
    if (this.source !== this.body) (this.decoded ??= new Map()).set(this.count, this.source)
    this.known.push(this.hash, this.start, this.end)
    this.count++
  }

  private isSame(other: Buffer, from: number): boolean {
    for (let index = this.start; index < this.end; index++) {
      if (this.source[index] !== other[from + index - this.start]) return false
    }
    return true
  }
}
