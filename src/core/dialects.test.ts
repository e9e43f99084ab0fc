// What plans along a tree of tenants say together about dialects.

import { describe, expect, it } from 'vitest'
import { joinDialects, USUAL_DIALECTS, type DialectPolicy } from './dialects.ts'

const policy = (
  anthropicBeta: DialectPolicy['anthropicBeta'],
  unknownFields: DialectPolicy['unknownFields'],
  bedrockEndpoints: DialectPolicy['bedrockEndpoints'] = 'auto',
): DialectPolicy => ({ anthropicBeta, unknownFields, bedrockEndpoints })

describe('plans of a tenant and its ancestors', () => {
  it.each([
    [[], USUAL_DIALECTS],
    [[policy('strip', 'pass')], policy('strip', 'pass')],
    [[policy('pass', 'refuse'), policy('strip', 'strip')], policy('strip', 'refuse')],
    [[policy('refuse', 'pass'), policy('pass', 'pass')], policy('refuse', 'pass')],
    [[policy('pass', 'pass', 'prefer'), policy('pass', 'pass')], policy('pass', 'pass', 'prefer')],
    [[policy('pass', 'pass', 'avoid'), policy('pass', 'pass', 'prefer')], policy('pass', 'pass', 'avoid')],
  ])('%j let pass what the strictest lets pass', (policies, wanted) => {
    expect(joinDialects(policies)).toEqual(wanted)
  })
})
