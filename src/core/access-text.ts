// The texts that a plan has written to AWS for each call (request metadata, session tags, session names): what AWS takes, and templates.

/** InvokeModel and Converse: 1 to 16 entries; as a header at most so many characters (service model of bedrock-runtime, 2026-11). */
export const METADATA_ENTRIES_LIMIT = 16
export const METADATA_HEADER_CHARACTERS_LIMIT = 8_500

/** AssumeRole takes up to 50 session tags (STS API reference, 2026-11). */
export const SESSION_TAGS_LIMIT = 50

/** What AWS takes as key and value. */
export type TextForm = {
  readonly keyCharacters: number
  readonly valueCharacters: number
  /** one character that is allowed */
  readonly character: RegExp
  readonly words: string
}

export const METADATA_FORM: TextForm = {
  keyCharacters: 256,
  valueCharacters: 256,
  character: /[a-zA-Z0-9 :_@$#=/+,.-]/,
  words: 'letters, digits, spaces and : _ @ $ # = / + , . -',
}

export const SESSION_TAG_FORM: TextForm = {
  keyCharacters: 128,
  valueCharacters: 256,
  character: /[\p{L}\p{Z}\p{N}_.:/=+@-]/u,
  words: 'letters, digits, spaces and _ . : / = + @ -',
}

/** What templates are filled from: the tenant that the call is for, the key, and the nearest tenant of the chain with the attribute. */
export type TemplateSource = {
  readonly tenantId: string
  readonly keyId: string
  readonly attribute: (name: string) => string | null
}

const TEMPLATE = /\{(tenant_id|key_id|attribute\.([A-Za-z][A-Za-z0-9_.-]{0,63}))\}/g

/** What is wrong with an entry as it is configured, in words that follow its name; null: nothing. */
export function entryFlaw(key: string, template: string, form: TextForm): string | null {
  const { keyCharacters, valueCharacters, words } = form
  if (key.length === 0 || key.length > keyCharacters) return `must have a name of 1 to ${keyCharacters} characters`
  if (!isOf(key, form)) return `must have a name of ${words} only`
  const fixed = template.replaceAll(TEMPLATE, '')
  if (/[{}]/.test(fixed)) return 'must hold no braces but {tenant_id}, {key_id} and {attribute.<name>}'
  if (fixed.length > valueCharacters) return `must be at most ${valueCharacters} characters`
  return isOf(fixed, form) ? null : `must hold ${words} only`
}

/** The entries as they are sent. What an attribute holds beyond what AWS takes becomes "_"; without the attribute there is no entry. */
export function renderEntries(
  templates: Readonly<Record<string, string>>,
  source: TemplateSource,
  form: TextForm,
): Readonly<Record<string, string>> {
  const rendered = Object.entries(templates).flatMap(([key, template]) => {
    const value = render(template, source)
    return value === null ? [] : [[key, cleaned(value, form)] as const]
  })
  return Object.fromEntries(rendered)
}

/** 2 to 64 letters, digits and _ = , . @ + - (STS API reference); ids of tenants have no others, but may be shorter. */
export const sessionNameOf = (tenantId: string): string =>
  tenantId
    .replaceAll(/[^A-Za-z0-9_=,.@+-]/g, '_')
    .slice(0, 64)
    .padEnd(2, '_')

function render(template: string, { tenantId, keyId, attribute }: TemplateSource): string | null {
  let missing = false
  const text = template.replaceAll(TEMPLATE, (_, word: string, name?: string) => {
    if (name === undefined) return word === 'tenant_id' ? tenantId : keyId
    const value = attribute(name)
    missing ||= value === null
    return value ?? ''
  })
  return missing ? null : text
}

const cleaned = (value: string, form: TextForm): string =>
  Array.from(value, (character) => (form.character.test(character) ? character : '_'))
    .join('')
    .slice(0, form.valueCharacters)

const isOf = (text: string, { character }: TextForm): boolean => Array.from(text).every((one) => character.test(one))
