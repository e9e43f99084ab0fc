// The JSON guard: accepts what JSON.parse accepts, finds what it would find, and refuses what two parsers could read in two ways.

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonGuard, type JsonFlaw } from './json-guard.ts'

const guard = createJsonGuard({
  watch: [
    'model',
    'max_tokens',
    'stream',
    'requestMetadata',
    'inferenceConfig.maxTokens',
    'inferenceConfig.topP',
    'serviceTier.type',
    'a.b.c',
    'a.b',
  ],
})

describe('createJsonGuard', () => {
  it('finds the watched values, whatever stands around them', () => {
    const found = accepted(`{ "messages" : [{"role":"user","content":[{"text":"a \\"quoted\\" {max_tokens: 1}"}]}],
      "inferenceConfig": {"temperature": 0.5, "maxTokens" : 100 }, "serviceTier":{"type":"flex"},
      "requestMetadata": {"team": "a", "n": [1, {"max_tokens": 2}]}, "stream": true, "model": "caf\\u00e9", "a": {"b": {"c": null}} }`)
    expect(found.text('inferenceConfig.maxTokens')).toBe('100')
    expect(found.text('serviceTier.type')).toBe('"flex"')
    expect(found.text('requestMetadata')).toBe('{"team": "a", "n": [1, {"max_tokens": 2}]}')
    expect(found.text('stream')).toBe('true')
    expect(JSON.parse(found.text('model')!)).toBe('café')
    expect(found.text('a.b')).toBe('{"c": null}')
    expect(found.text('a.b.c')).toBe('null')
    expect(found.text('max_tokens')).toBeUndefined()
    expect(found.text('inferenceConfig.topP')).toBeUndefined()
  })

  it('finds a value whose key is written with escapes, as every parser does', () => {
    expect(
      accepted('{"max\\u005ftokens": 7, "inference\\u0043onfig": {"m\\u0061xTokens": 8}}').text('max_tokens'),
    ).toBe('7')
    expect(accepted('{"inference\\u0043onfig": {"m\\u0061xTokens": 8}}').text('inferenceConfig.maxTokens')).toBe('8')
  })

  it('does not take a watched name at another depth, in an array or in a string for the value', () => {
    const found = accepted(
      '{"x":{"max_tokens":1},"y":[{"max_tokens":2}],"z":"max_tokens\\":3","inferenceConfig":[{"maxTokens":4}]}',
    )
    expect(found.text('max_tokens')).toBeUndefined()
    expect(found.text('inferenceConfig.maxTokens')).toBeUndefined()
    expect(accepted('{"inferenceConfig":"text"}').text('inferenceConfig.maxTokens')).toBeUndefined()
  })

  it('accepts exactly what JSON.parse accepts', () => {
    fc.assert(
      fc.property(fc.oneof(arbitraryText, mutated(arbitraryText)), (text) => {
        const strict = createJsonGuard({ watch: [], maxTopLevelKeys: 1_000_000 })
        const scan = strict.scan(Buffer.from(text))
        const refusedByUs = !scan.ok && scan.flaw === 'duplicate_key'
        fc.pre(!refusedByUs)
        expect(scan.ok).toBe(parses(text))
      }),
      { numRuns: 5_000 },
    )
  })

  it('finds what JSON.parse finds', () => {
    fc.assert(
      fc.property(arbitraryBody, fc.boolean(), fc.nat(3), (body, escapes, indent) => {
        const text = JSON.stringify(body, null, indent)
        const found = accepted(escapes ? escaped(text) : text)
        const expected = JSON.parse(text) as { [name: string]: unknown; inferenceConfig?: { [name: string]: unknown } }
        const parsed = (path: Parameters<typeof found.text>[0]): unknown => {
          const raw = found.text(path)
          return raw === undefined ? undefined : JSON.parse(raw)
        }
        expect(parsed('model')).toEqual(expected['model'])
        expect(parsed('max_tokens')).toEqual(expected['max_tokens'])
        expect(parsed('requestMetadata')).toEqual(expected['requestMetadata'])
        expect(parsed('inferenceConfig.maxTokens')).toEqual(expected.inferenceConfig?.['maxTokens'])
      }),
      { numRuns: 1_000 },
    )
  })

  it('refuses every key of the top level that comes twice, and every watched key', () => {
    fc.assert(
      fc.property(arbitraryBody, fc.nat(), fc.boolean(), (body, pick, escapes) => {
        const names = Object.keys(body)
        fc.pre(names.length > 0)
        const name = JSON.stringify(names[pick % names.length])
        const text = JSON.stringify(body).replace(/^\{/, `{${escapes ? escaped(name) : name}:0,`)
        expect(flawOf(text)).toBe('duplicate_key')
      }),
    )
  })

  it.each<[string, string, JsonFlaw, string | null]>([
    ['a key twice', '{"model":"a","x":1,"model":"b"}', 'duplicate_key', 'model'],
    ['an unwatched key of the top level twice', '{"x":1,"x":1}', 'duplicate_key', 'x'],
    ['a key twice, once with escapes', '{"max_tokens":1,"max\\u005Ftokens":2}', 'duplicate_key', 'max_tokens'],
    ['a key twice, both with escapes', '{"\\u0078":1,"\\u0078":2}', 'duplicate_key', 'x'],
    ['a watched key inside twice', '{"inferenceConfig":{"maxTokens":1,"maxTokens":2}}', 'duplicate_key', 'maxTokens'],
    [
      'the object around it twice',
      '{"inferenceConfig":{"maxTokens":1},"inferenceConfig":{}}',
      'duplicate_key',
      'inferenceConfig',
    ],
    ['an empty key twice', '{"":1,"":2}', 'duplicate_key', ''],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'duplicate_key', '__proto__'],
    ['a byte order mark', '\ufeff{}', 'byte_order_mark', null],
    ['something behind', '{} {}', 'trailing_bytes', null],
    ['a NUL behind', '{}\0', 'trailing_bytes', null],
    ['nothing', '', 'syntax', null],
    ['only spaces', ' \n\t\r ', 'syntax', null],
    ['a comma at the end', '{"a":1,}', 'syntax', null],
    ['a comma at the end of an array', '[1,]', 'syntax', null],
    ['two commas', '[1,,2]', 'syntax', null],
    ['a name without quotes', '{a:1}', 'syntax', null],
    ['single quotes', "{'a':1}", 'syntax', null],
    ['a comment', '{}//', 'trailing_bytes', null],
    ['NaN', '[NaN]', 'syntax', null],
    ['Infinity', '[-Infinity]', 'syntax', null],
    ['a leading zero', '[01]', 'syntax', null],
    ['a leading plus', '[+1]', 'syntax', null],
    ['a bare point', '[1.]', 'syntax', null],
    ['a hexadecimal number', '[0x10]', 'syntax', null],
    ['a line break in a string', '["a\nb"]', 'syntax', null],
    ['a tab in a long string', `["${'a'.repeat(50)}\t"]`, 'syntax', null],
    ['an unknown escape', '["\\x41"]', 'syntax', null],
    ['half an escape', '["\\u12"]', 'syntax', null],
    ['a string without an end', '"abc', 'syntax', null],
    ['an escape at the end', '"abc\\', 'syntax', null],
    ['an object without an end', '{"a":1', 'syntax', null],
    ['an unknown literal', '[nul]', 'syntax', null],
    ['a form feed between tokens', '{\f}', 'syntax', null],
  ])('refuses %s', (_name, text, flaw, key) => {
    expect(guard.scan(Buffer.from(text))).toMatchObject({ ok: false, flaw, key })
  })

  it('sees every byte that matters at every place of a string', () => {
    for (let at = 0; at < 40; at++) {
      const text = (inserted: string): string =>
        `{"max_tokens":"${'é'.repeat(at)}${inserted}${'\u007f'.repeat(40 - at)}"}`
      for (let code = 0; code < 0x20; code++) expect(flawOf(text(String.fromCharCode(code)))).toBe('syntax')
      for (const inserted of ['\\"', '\\\\', '\\n', '\\u0000', ' ', '!', '#', '[', ']', '\u2028']) {
        expect(JSON.parse(accepted(text(inserted)).text('max_tokens')!)).toBe(JSON.parse(text(inserted)).max_tokens)
      }
      expect(flawOf(text('"'))).toBe('syntax')
      expect(flawOf(text('\\q'))).toBe('syntax')
    }
  })

  it('refuses bytes that are not UTF-8, in keys, in strings and overlong', () => {
    for (const bytes of [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])
      expect(guard.scan(body)).toMatchObject({ ok: false, flaw: 'invalid_utf8' })
    }
  })

  it('accepts what only looks odd: lone surrogates by escape, huge numbers, __proto__ once', () => {
    expect(
      accepted('{"__proto__":{"x":1},"n":1e999,"s":"\\ud800","max_tokens":123456789012345678901234567890}').text(
        'max_tokens',
      ),
    ).toBe('123456789012345678901234567890')
  })

  it('goes 200 deep and no deeper', () => {
    const nested = (depth: number, open: string, close: string): string =>
      open.repeat(depth) + '1' + close.repeat(depth)
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['{"a":{"b":', '}}'],
    ] as const) {
      const each = open.split('{').length > 2 ? 2 : 1
      expect(flawOf(nested(200 / each, open, close))).toBeNull()
      expect(flawOf(nested(200 / each + 1, open, close))).toBe('too_deep')
      expect(flawOf(nested(100_000, open, close))).toBe('too_deep')
    }
    expect(flawOf('['.repeat(100_000))).toBe('too_deep')
  })

  it('takes a thousand keys and no more', () => {
    const body = (keys: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: keys }, (_, index) => [`k${index}`, index])))
    expect(flawOf(body(1_000))).toBeNull()
    expect(flawOf(body(1_001))).toBe('too_many_keys')
    expect(flawOf(`{"messages":${body(5_000)}}`)).toBeNull()
  })

  it('takes large strings and long arrays', () => {
    const text = 'x'.repeat(10_000_000)
    expect(accepted(JSON.stringify({ text, max_tokens: 3 })).text('max_tokens')).toBe('3')
    expect(
      accepted(JSON.stringify({ list: Array.from({ length: 1_000_000 }, () => 1), max_tokens: 4 })).text('max_tokens'),
    ).toBe('4')
  })

  it('reads a body that begins anywhere in its memory', () => {
    const text = JSON.stringify({ model: 'm'.repeat(100), max_tokens: 5 })
    for (let shift = 0; shift < 9; shift++) {
      const body = Buffer.concat([Buffer.alloc(shift, '"'), Buffer.from(text), Buffer.from('"}')])
      const scan = guard.scan(body.subarray(shift, shift + text.length))
      expect(scan.ok && scan.text('max_tokens')).toBe('5')
    }
  })
})

function accepted(text: string) {
  const scan = guard.scan(Buffer.from(text))
  if (!scan.ok) throw new Error(`refused: ${scan.flaw} at ${scan.offset}: ${text.slice(scan.offset, scan.offset + 40)}`)
  return scan
}

function flawOf(text: string): JsonFlaw | null {
  const scan = guard.scan(Buffer.from(text))
  return scan.ok ? null : scan.flaw
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The same JSON with letters inside its strings written as escapes. */
function escaped(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, (string) =>
    string.replace(/\\.|[a-z_]/g, (unit) =>
      unit.length === 1 ? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}` : unit,
    ),
  )
}

const arbitraryText = fc
  .tuple(fc.jsonValue({ maxDepth: 5 }), fc.nat(3))
  .map(([value, indent]) => JSON.stringify(value, null, indent))

/** One character more, less or changed, of those that matter. */
function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    ' ',
    '\n',
    '\t',
    '0',
    '1',
    '-',
    '+',
    '.',
    'e',
    'u',
    'n',
    '\u0000',
    '\u001f',
    'é',
    '\u2028',
  )
  return fc.tuple(text, fc.nat(), fc.nat(1), piece).map(([whole, at, removed, inserted]) => {
    const offset = at % (whole.length + 1)
    return whole.slice(0, offset) + inserted + whole.slice(offset + removed)
  })
}

const arbitraryBody = fc.record(
  {
    model: fc.string({ unit: 'grapheme' }),
    max_tokens: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    requestMetadata: fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })),
    inferenceConfig: fc.record(
      { maxTokens: fc.nat(), temperature: fc.double({ noNaN: true, noDefaultInfinity: true }) },
      { requiredKeys: [] },
    ),
    messages: fc.jsonValue(),
    system: fc.string({ maxLength: 200 }),
  },
  { requiredKeys: [], noNullPrototype: true },
)
