// Betas and unknown members are passed, stripped or refused as the plan says.

import { describe, expect, it } from 'vitest'
import { USUAL_DIALECTS, type DialectChoice } from '../../../core/dialects.ts'
import { outgoing } from './outgoing.fixture.ts'

const CLAUDE = 'us.anthropic.claude-sonnet-5-5'
const NOVA = 'amazon.nova-lite-v1:0'

function asked(model: string, anthropicBeta: DialectChoice, unknownFields: DialectChoice) {
  const headers = { 'anthropic-beta': 'tomorrow' }
  const call = outgoing(model, { odd: 1, 'also.odd': [2] }, headers, {
    ...USUAL_DIALECTS,
    anthropicBeta,
    unknownFields,
  })
  const at = call.answer?.headers.indexOf('x-weighbridge-dropped') ?? -1
  return { body: JSON.parse(call.body.toString()) as object, dropped: at === -1 ? '' : call.answer?.headers[at + 1] }
}

describe('betas and unknown members', () => {
  it('pass to Claude, and are told where another model cannot have them', () => {
    const { body, dropped } = asked(CLAUDE, 'pass', 'pass')
    expect(body).toMatchObject({ anthropic_beta: ['tomorrow'], odd: 1, 'also.odd': [2] })
    expect(dropped).toBe('')
    expect(asked(NOVA, 'pass', 'pass').dropped).toBe('odd, also.odd, anthropic-beta')
  })

  it.each([CLAUDE, NOVA])('are stripped from calls of %s, and told', (model) => {
    const { body, dropped } = asked(model, 'strip', 'strip')
    for (const name of ['anthropic_beta', 'odd', 'also.odd']) expect(body).not.toHaveProperty([name])
    expect(dropped).toBe('anthropic-beta, odd, also.odd')
  })

  it.each([CLAUDE, NOVA])('are refused in calls of %s', (model) => {
    expect(() => asked(model, 'refuse', 'pass')).toThrow('takes no betas, and the request names tomorrow')
    expect(() => asked(model, 'pass', 'refuse')).toThrow('odd: Extra inputs are not permitted')
  })
})
