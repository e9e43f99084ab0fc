// The processors that come with the gateway do what their names say, and none shows one tenant what is another's.

import { afterAll, describe, expect, it } from 'vitest'
import type { Builtin } from '../../core/processor-definition.ts'
import type { CallFields } from '../../core/processor.ts'
import { TooLarge } from '../payload.ts'
import { ProcessorFailure, type ProcessorLink } from '../processor.ts'
import { createTargetHealth } from './broker.ts'
import type { BuiltinWorld, GuardrailQuestion } from './builtin.ts'
import { createBuiltin } from './index.ts'
import { createMockAnswers } from './mock.ts'

const links: ProcessorLink[] = []
afterAll(() => Promise.all(links.map((link) => link.close())))

function linkTo(builtin: Builtin, given: BuiltinWorld): ProcessorLink {
  const link = createBuiltin(builtin, given)
  links.push(link)
  return link
}

function world(more: Partial<BuiltinWorld> = {}) {
  let at = 1_000_000
  const given: BuiltinWorld = {
    mockAnswers: createMockAnswers(),
    targetHealth: createTargetHealth(() => true),
    askGuardrail: () => Promise.reject(new Error('not asked')),
    now: () => at,
    random: () => 0,
    onCrash: () => undefined,
    ...more,
  }
  const ask = (builtin: Builtin, fields: CallFields, tenantId = 'alpha', signal = AbortSignal.timeout(60_000)) =>
    linkTo(builtin, given)
      .call({ fields, context: { transactionId: 't', requestId: 'r', tenantId, keyId: 'k' } }, signal)
      .catch((thrown: unknown) => thrown)
  return { ...given, ask, pass: (milliseconds: number) => void (at += milliseconds) }
}

describe('the mock', () => {
  const mock = (more = {}): Builtin => ({
    name: 'mock',
    options: { latencyMilliseconds: 0, spread: false, replays: null, ...more },
  })
  const answer = {
    gl_path: '/service/a/',
    inbound_status_code: 201,
    inbound_headers: { 'X-A': ['1'] },
    inbound_payload: { n: 1 },
  }

  it('answers with what its router answered last', async () => {
    const { ask } = world()
    expect(await ask(mock(), answer)).toBeNull()
    expect(await ask(mock(), { ...answer, inbound_payload: { n: 2 } })).toBeNull()
    const replayed = { control: { n: 2 }, control_status: 201, control_headers: { 'X-A': ['1'] } }
    expect(await ask(mock(), { ingress_subpath: 'service/a/chat/completions' })).toEqual(replayed)
    expect(await ask(mock({ replays: '/service/a/' }), { ingress_subpath: '' })).toEqual(replayed)
  })

  it("never with another tenant's", async () => {
    const { ask } = world()
    await ask(mock(), answer)
    expect(await ask(mock(), { ingress_subpath: 'service/a/' }, 'beta')).toMatchObject({ control_status: 404 })
  })

  it('forgets what is oldest', async () => {
    const { ask } = world()
    await ask(mock(), answer)
    for (let count = 0; count < 300; count++) await ask(mock(), { ...answer, gl_path: `/r${count}/` })
    expect(await ask(mock(), { ingress_subpath: 'service/a/' })).toMatchObject({ control_status: 404 })
    expect(await ask(mock(), { ingress_subpath: 'r299/' })).toMatchObject({ control: { n: 1 } })
  })

  it('waits as long as it is told, and no longer than it may', async () => {
    const { ask } = world()
    await ask(mock(), answer)
    const late = new ProcessorFailure('late')
    const abort = new AbortController()
    const asked = ask(mock({ latencyMilliseconds: 60_000 }), { ingress_subpath: 'service/a/' }, 'alpha', abort.signal)
    abort.abort(late)
    expect(await asked).toBe(late)
  })

  it('does not record what is too large', async () => {
    const { ask } = world()
    expect(await ask(mock(), { ...answer, inbound_payload: new TooLarge(9e9) })).toBeInstanceOf(ProcessorFailure)
    expect(await ask(mock(), { ...answer, inbound_payload: 'x'.repeat(2_000_000) })).toBeInstanceOf(ProcessorFailure)
  })
})

describe('the broker', () => {
  const broker: Builtin = {
    name: 'broker',
    options: { targets: ['/a/', '/b/', '/c/'], disableMilliseconds: 60_000, blockDirect: false },
  }

  it('spreads calls over its targets', async () => {
    const chosen = new Set<unknown>()
    for (const random of [0, 0.4, 0.99])
      chosen.add(await world({ random: () => random }).ask(broker, { gl_path: '/x/' }))
    expect([...chosen]).toEqual([{ gl_path: '/a/' }, { gl_path: '/b/' }, { gl_path: '/c/' }])
  })

  it.each([500, 503, 429, null])('leaves a target alone for a time after %s', async (status) => {
    const { ask, targetHealth, pass, now } = world()
    targetHealth.report('/a/', status, now())
    expect(await ask(broker, { gl_path: '/x/' })).toEqual({ gl_path: '/b/' })
    pass(59_999)
    expect(await ask(broker, { gl_path: '/x/' })).toEqual({ gl_path: '/b/' })
    pass(1)
    expect(await ask(broker, { gl_path: '/x/' })).toEqual({ gl_path: '/a/' })
  })

  it('does not let what a client did wrong turn a target off', async () => {
    const { ask, targetHealth, now } = world()
    for (const status of [400, 401, 403, 404, 413, 422]) targetHealth.report('/a/', status, now())
    expect(await ask(broker, { gl_path: '/x/' })).toEqual({ gl_path: '/a/' })
  })

  it('takes the target that failed longest ago when all have', async () => {
    const { ask, targetHealth, pass, now } = world()
    for (const target of ['/b/', '/a/', '/c/']) {
      targetHealth.report(target, 500, now())
      pass(1)
    }
    expect(await ask(broker, { gl_path: '/x/' })).toEqual({ gl_path: '/b/' })
  })
})

describe('the pattern for sections', () => {
  const regex = (pattern: string): Builtin => ({
    name: 'regex',
    options: { pattern, textPaths: ['choices.*.message.content'], withoutStart: '```json', withoutEnd: '```' },
  })
  const payload = { choices: [{ message: { content: 'see\n```json\n{"a": 1}\n```\nand ```json\nnot json\n```' } }] }

  it('adds what it found to the answer, parsed where it is JSON', async () => {
    const found = {
      match: true,
      sections: [
        { text: '{"a": 1}', object: { a: 1 } },
        { text: 'not json', object: null },
      ],
    }
    expect(await world().ask(regex('```json[^`]*```'), { egress_payload: payload })).toEqual({
      regex: found,
      egress_payload: { ...payload, regex: found },
    })
  })

  it('says so where there is nothing', async () => {
    expect(await world().ask(regex('zzz'), { inbound_payload: payload })).toMatchObject({
      regex: { match: false, sections: [] },
    })
  })

  it('gives up on a text that is too long', async () => {
    const long = { egress_payload: { choices: [{ message: { content: 'a'.repeat(300_000) } }] } }
    expect(String(await world().ask(regex('a'), long))).toContain('TextTooLong')
  })
})

describe('the count of characters', () => {
  it('is of all texts of the payloads', async () => {
    const fields = { ingress_payload: { a: 'xyz', b: ['ü'] }, other: 'ignored' }
    expect(await world().ask({ name: 'character_count', options: null }, fields)).toEqual({
      character_count: { ingress_payload: 4 },
    })
  })
})

describe('the guardrail', () => {
  const guardrail: Builtin = {
    name: 'guardrail',
    options: { id: 'gr1', version: '3', textPaths: ['messages.*.content', 'text'], status: 403 },
  }
  const judging = (stopped: boolean) => {
    const asked: GuardrailQuestion[] = []
    const { ask } = world({
      askGuardrail: async (question) => (asked.push(question), { stopped, outputs: ['Not that.'] }),
    })
    return { ask, asked }
  }

  it('stops a request with an answer of its own, and lets others pass', async () => {
    const fields = { outbound_payload: { messages: [{ content: 'one' }, { content: 'two' }] } }
    const no = judging(true)
    expect(await no.ask(guardrail, fields)).toEqual({
      control: { is_blocked: true, message: 'Not that.' },
      control_status: 403,
    })
    expect(no.asked).toMatchObject([{ id: 'gr1', version: '3', source: 'INPUT', texts: ['one', 'two'] }])
    expect(await judging(false).ask(guardrail, fields)).toBeNull()
  })

  it('puts its words in the place of an answer', async () => {
    const { ask, asked } = judging(true)
    expect(await ask(guardrail, { egress_payload: { text: 'bad' }, inbound_payload: {} })).toMatchObject({
      egress_payload: { is_blocked: true },
      egress_status_code: 403,
    })
    expect(asked[0]?.source).toBe('OUTPUT')
  })

  it.each([
    ['no text at its paths', () => ({ other: 1 })],
    ['too much', () => new TooLarge(9e9)],
    ['an empty text', () => ({ messages: [{ content: '' }] })],
  ])('fails where it cannot judge, so that nothing passes that nobody has seen: %s', async (_, make) => {
    const payload = make()
    const { ask, asked } = judging(false)
    expect(await ask(guardrail, { outbound_payload: payload })).toBeInstanceOf(ProcessorFailure)
    expect(asked).toEqual([])
  })
})
