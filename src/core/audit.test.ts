// The chain of audit rows, and the form that is hashed.

import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import {
  AUDIT_GENESIS,
  auditContent,
  auditJson,
  byItself,
  nextAuditRow,
  walkAudit,
  type AuditFact,
  type AuditHead,
  type AuditRow,
} from './audit.ts'

const sha256 = (text: string): string => hash('sha256', text, 'hex')

const FACT: AuditFact = {
  resource: 'plan',
  resourceId: 'gold',
  tenantId: null,
  outcome: 'changed',
  reason: null,
  before: null,
  after: '{"id":"gold"}',
}

function chainOf(length: number): AuditRow[] {
  const rows: AuditRow[] = []
  for (let at = 0; at < length; at += 1) {
    const head: AuditHead = rows.at(-1) ?? AUDIT_GENESIS
    rows.push(nextAuditRow(sha256, head, { ...byItself('start'), ...FACT, at: at + 1_000 }))
  }
  return rows
}

function problemsOf(rows: readonly AuditRow[], options: Parameters<typeof walkAudit>[1] = {}): string[] {
  const walk = walkAudit(sha256, options)
  return [...rows.flatMap((row) => walk.add(row)), ...walk.end()]
}

describe('the chain', () => {
  it('is, for its first row, what the page says how to compute it', () => {
    const [row] = chainOf(1)
    const content =
      '[1,1000,"gateway",null,null,null,null,"start","plan","gold",null,"changed",null,null,"{\\"id\\":\\"gold\\"}"]'
    expect(auditContent(row!)).toBe(content)
    expect(row).toMatchObject({ previousHash: '0'.repeat(64), hash: sha256(`${'0'.repeat(64)}\n${content}`) })
  })

  it('is whole when nobody touched it', () => {
    expect(problemsOf(chainOf(5))).toEqual([])
    expect(problemsOf([])).toEqual([])
  })

  it.each([
    ['a changed row', (rows: AuditRow[]) => rows.with(2, { ...rows[2]!, action: 'another' }), 'row 3: its content'],
    ['a changed hash', (rows: AuditRow[]) => rows.with(2, { ...rows[2]!, hash: 'f'.repeat(64) }), 'row 3: its content'],
    ['a missing row', (rows: AuditRow[]) => rows.toSpliced(2, 1), 'rows 3 to 3 are missing'],
    ['missing first rows', (rows: AuditRow[]) => rows.slice(2), 'rows 1 to 2 are missing'],
    ['two in the wrong order', (rows: AuditRow[]) => [rows[0]!, rows[1]!, rows[0]!], 'row 1 stands behind row 2'],
    ['a row twice', (rows: AuditRow[]) => [rows[0]!, rows[0]!], 'row 1 stands behind row 1'],
  ])('shows %s', (_, tamper, words) => {
    expect(problemsOf(tamper(chainOf(5)))[0]).toContain(words)
  })

  it('shows a row that was replaced together with its hash', () => {
    const rows = chainOf(5)
    const forged = nextAuditRow(sha256, rows[1]!, { ...byItself('forged'), ...FACT, at: 1 })
    expect(problemsOf(rows.with(2, forged))).toEqual([
      'row 4 does not follow the row before it: one of the two was replaced',
    ])
  })

  it('shows that its end was taken away, or that all of it was made anew, to who noted its head', () => {
    const rows = chainOf(5)
    const expectHead = rows[4]!.hash
    expect(problemsOf(rows, { expectHead })).toEqual([])
    expect(problemsOf(chainOf(9), { expectHead })).toEqual([])
    expect(problemsOf(rows.slice(0, 4))).toEqual([])
    expect(problemsOf(rows.slice(0, 4), { expectHead })).toEqual([expect.stringContaining('is not in the chain')])
    expect(problemsOf([], { expectHead: AUDIT_GENESIS.hash })).toEqual([])
  })

  it('can be walked from a later row', () => {
    const rows = chainOf(5)
    expect(problemsOf(rows.slice(3), { from: rows[2]! })).toEqual([])
  })
})

describe('auditJson', () => {
  it('gives one text for one value, whatever the order of its members', () => {
    expect(auditJson({ b: [2n, { d: null, c: 'x' }], a: undefined })).toBe('{"b":["2",{"c":"x","d":null}]}')
  })

  it('is the same again after a trip through JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = auditJson(value)
        expect(auditJson(JSON.parse(text))).toBe(text)
      }),
    )
  })
})
