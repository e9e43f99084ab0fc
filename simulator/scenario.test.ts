// Rules choose the calls that they describe, draw the same for the same seed, and a scenario that is wrong says where.
import { describe, expect, it } from 'vitest'
import { faultText } from './faults.ts'
import { type CallFacts, matchesGlob, parseScenario, ScenarioError } from './scenario.ts'

const facts = (changes: Partial<CallFacts> & { team?: string } = {}): CallFacts => ({
  operation: 'Converse',
  modelId: 'amazon.nova-lite-v1:0',
  region: 'us-east-1',
  accessKeyId: 'AKIA1',
  headers: { 'user-agent': 'test' },
  requestMetadata: () => ({ team: changes.team ?? 'a' }),
  bodyName: () => 'body',
  ...changes,
})
const names = (scenario: ReturnType<typeof parseScenario>, call: CallFacts) =>
  scenario.faultsFor(call).map((fault) => fault.name)

describe('a rule', () => {
  it.each([
    [{ operation: 'Converse' }, true],
    [{ operation: 'Invoke*' }, false],
    [{ model_id: '*nova*' }, true],
    [{ region: 'eu-*' }, false],
    [{ access_key_id: 'AKIA?' }, false],
    [{ headers: { 'User-Agent': 'te*' } }, true],
    [{ headers: { missing: '*' } }, false],
    [{ request_metadata: { team: 'a' } }, true],
    [{ request_metadata: { team: 'b' } }, false],
    [{ operation: 'Converse', request_metadata: { team: '*', other: '*' } }, false],
  ])('that matches %j', (match, applies) => {
    const scenario = parseScenario({ rules: [{ match, faults: ['throttle'] }] })
    expect(names(scenario, facts())).toEqual(applies ? ['throttle'] : [])
  })

  it.each([
    [{ nth: 3 }, [3]],
    [{ every: 2 }, [2, 4, 6]],
    [{ first: 2 }, [1, 2]],
    [{ every: 2, first: 4 }, [2, 4]],
  ])('%j counts the calls that match', (counts, hit) => {
    const scenario = parseScenario({ rules: [{ match: { operation: 'Converse' }, ...counts, faults: ['error'] }] })
    const hits: number[] = []
    for (let call = 1; call <= 6; call++) {
      names(scenario, facts({ operation: 'InvokeModel' }))
      if (names(scenario, facts()).length > 0) hits.push(call)
    }
    expect(hits).toEqual(hit)
  })

  it('that applies first decides', () => {
    const scenario = parseScenario({ rules: [{ nth: 1, faults: ['error'] }, { faults: ['throttle', 'delay:ms=5'] }] })
    expect(names(scenario, facts())).toEqual(['error'])
    expect(scenario.faultsFor(facts()).map(faultText)).toEqual(['throttle:retry_after=1', 'delay:ms=5'])
  })

  it('with a probability draws by seed, body and retry, in whatever order the calls come', () => {
    const rules = [{ probability: 0.3, one_of: ['error', 'throttle', 'reset'] }]
    const bodies = Array.from({ length: 400 }, (_, index) => `body ${index}`)
    const play = (seed: number, order: string[]) => {
      const scenario = parseScenario({ seed, rules })
      return new Map(order.map((body) => [body, names(scenario, facts({ bodyName: () => body })).join()]))
    }
    const drawn = play(7, bodies)
    const backwards = play(7, bodies.toReversed())
    expect(bodies.map((body) => backwards.get(body))).toEqual(bodies.map((body) => drawn.get(body)))
    const hits = [...drawn.values()].filter((name) => name !== '')
    expect(hits.length).toBeGreaterThan(80)
    expect(hits.length).toBeLessThan(160)
    expect(new Set(hits)).toEqual(new Set(['error', 'throttle', 'reset']))
    expect([...play(8, bodies).values()]).not.toEqual([...drawn.values()])
    const scenario = parseScenario({ seed: 7, rules })
    const retries = Array.from({ length: 50 }, () => names(scenario, facts()).join())
    expect(new Set(retries).size).toBeGreaterThan(1)
  })
})

it.each([
  ['', '', true],
  ['*', '', true],
  ['a*', 'abc', true],
  ['*b*d*', 'abcde', true],
  ['a*a', 'a', false],
  ['*ab*ab', 'ab', false],
  ['a*b*c', 'acb', false],
  ['abc', 'abcd', false],
])('the glob %j and the text %j', (glob, text, matches) => {
  expect(matchesGlob(glob, text)).toBe(matches)
})

it.each([
  [[], 'a JSON object'],
  [{ rulez: [] }, 'scenario has no rulez'],
  [{ rules: [1] }, 'rules[0] is not an object'],
  [{ rules: [{ when: {} }] }, 'rules[0] has no when'],
  [{ rules: [{ match: { model: 'x' } }] }, 'rules[0].match has no model'],
  [{ rules: [{ faults: ['nope'] }] }, "rules[0].faults: There is no fault 'nope'"],
  [{ rules: [{ faults: 'error' }] }, 'rules[0].faults is a list'],
  [{ rules: [{ nth: 0 }] }, 'rules[0].nth is a whole number from 1'],
  [{ rules: [{ probability: 2 }] }, 'rules[0].probability is a number from 0 to 1'],
  [{ aliases: { a: 1 } }, 'aliases.a is not a text'],
])('the scenario %j is refused', (value, message) => {
  expect(() => parseScenario(value)).toThrow(message)
  expect(() => parseScenario(value)).toThrow(ScenarioError)
})
