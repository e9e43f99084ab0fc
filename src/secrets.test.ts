// Sealed secrets open for their owner alone.

import { expect, it } from 'vitest'
import { createSeal } from './secrets.ts'

const ROOT = 'r'.repeat(32)
const TEXT = 'whsec_cGFzc3dvcmQ= é😀'

it('opens what it sealed, for the same owner, on every node that has the root secret', () => {
  const sealed = createSeal(ROOT).seal(TEXT, 'target:ops')
  expect(sealed).not.toContain('whsec')
  expect(createSeal(ROOT).open(sealed, 'target:ops')).toBe(TEXT)
  expect(createSeal(ROOT).open(createSeal(ROOT).seal('', 'a'), 'a')).toBe('')
})

it('never seals the same twice alike', () => {
  const { seal } = createSeal(ROOT)
  expect(seal(TEXT, 'a')).not.toBe(seal(TEXT, 'a'))
})

it('opens nothing of another owner, under another root secret, or that was changed or cut', () => {
  const { seal, open } = createSeal(ROOT)
  const sealed = seal(TEXT, 'target:ops')
  const bytes = Buffer.from(sealed, 'base64')
  expect(() => open(sealed, 'target:other')).toThrow('unable to authenticate')
  expect(() => createSeal('s'.repeat(32)).open(sealed, 'target:ops')).toThrow('unable to authenticate')
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes)
    changed[index] = (changed[index] ?? 0) ^ 1
    expect(() => open(changed.toString('base64'), 'target:ops')).toThrow('unable to authenticate')
  }
  for (const length of [0, 5, 12, 20, 28, bytes.length - 1]) {
    expect(() => open(bytes.subarray(0, length).toString('base64'), 'target:ops')).toThrow('unable to authenticate')
  }
})
