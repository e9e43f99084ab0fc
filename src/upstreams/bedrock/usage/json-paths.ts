// The places in JSON that are looked for: paths as a tree of bytes, and the keys that carry generated text.

/**
 * Where a path leads. `value`: the value is kept whole (up to a limit) and parsed. `head`: only the first bytes of the value are kept,
 * as they stand in the JSON; for counting elements and for looking at the start of an image.
 */
export type Finding<Context> = { readonly path: string } & (
  | { readonly kind: 'value'; readonly found: (value: unknown, context: Context) => void }
  | { readonly kind: 'head'; readonly found: (text: string, context: Context) => void }
)

export type PathNode<Context> = {
  readonly children: { readonly name: string; readonly key: Uint8Array; readonly node: PathNode<Context> }[]
  any: PathNode<Context> | null
  element: PathNode<Context> | null
  finding: Finding<Context> | null
  /** of a root: some path asks for text as it stands in the JSON */
  wantsText: boolean
}

/**
 * Paths are keys joined by dots; `*` is any key of an object, `[]` any element of an array. Of a
 * value that is kept whole, the values inside are not looked for. The tree is made once and never changed.
 */
export function compilePaths<Context>(findings: readonly Finding<Context>[]): PathNode<Context> {
  const root = pathNode<Context>()
  for (const finding of findings) {
    let node = root
    for (const step of finding.path.split('.')) node = stepInto(node, step)
    node.finding = finding
    if (finding.kind === 'head') root.wantsText = true
  }
  return root
}

function pathNode<Context>(): PathNode<Context> {
  return { children: [], any: null, element: null, finding: null, wantsText: false }
}

function stepInto<Context>(node: PathNode<Context>, step: string): PathNode<Context> {
  if (step === '*') return (node.any ??= pathNode())
  if (step === '[]') return (node.element ??= pathNode())
  const key = Buffer.from(step)
  const known = childOf(node, key, key.length)
  if (known !== null) return known
  const made = pathNode<Context>()
  node.children.push({ name: step, key, node: made })
  return made
}

/**
 * Visits a value that is already parsed as the scanner visits its bytes, in document order. Not for paths with a `head`: they ask for
 * text as it stands in the JSON (see `wantsText`).
 */
export function visitParsed<Context>(node: PathNode<Context>, value: unknown, context: Context): void {
  if (node.finding !== null) {
    if (node.finding.kind === 'value') node.finding.found(value, context)
    return
  }
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    if (node.element !== null) for (const element of value) visitParsed(node.element, element, context)
    return
  }
  for (const name of Object.keys(value)) {
    const next = childNamed(node, name)
    if (next !== null) visitParsed(next, (value as Record<string, unknown>)[name], context)
  }
}

function childNamed<Context>(parent: PathNode<Context>, name: string): PathNode<Context> | null {
  for (const child of parent.children) if (child.name === name) return child.node
  return parent.any
}

/** The node that a key leads to; the key is the first `length` bytes. */
export function childOf<Context>(parent: PathNode<Context>, key: Uint8Array, length: number): PathNode<Context> | null {
  for (const child of parent.children) {
    if (child.key.length === length && sameBytes(child.key, key, length)) return child.node
  }
  return parent.any
}

function sameBytes(a: Uint8Array, b: Uint8Array, length: number): boolean {
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return false
  return true
}

/** Keys whose string value is text that the model generated, over all families and dialects. */
const TEXT_KEYS = byLength([
  'text',
  'content',
  'message',
  'refusal',
  'thinking',
  'arguments',
  'reasoning',
  'generation',
  'outputText',
  'completion',
  'partial_json',
  'generated_text',
  'reasoning_content',
  'delta',
  'input',
])

function byLength(keys: readonly string[]): readonly (readonly Uint8Array[] | undefined)[] {
  const table: Uint8Array[][] = []
  for (const key of keys) (table[key.length] ??= []).push(Buffer.from(key))
  return table
}

export function carriesText(key: Uint8Array, length: number): boolean {
  const candidates = TEXT_KEYS[length]
  if (candidates === undefined) return false
  for (const candidate of candidates) if (sameBytes(candidate, key, length)) return true
  return false
}
