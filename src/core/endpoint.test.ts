// Which endpoint a name means, and which names could not be told from others.

import { describe, expect, it } from 'vitest'
import { createEndpointTable, ENDPOINT_CALL_NAME, endpointModelId, type Endpoint } from './endpoint.ts'

const endpoint = (id: string, over: Partial<Endpoint> = {}): Endpoint => ({
  id,
  name: id,
  endpointName: id,
  inferenceComponent: null,
  region: null,
  kind: null,
  maxOutputTokens: null,
  createdAt: '2026-11-01T00:00:00.000Z',
  ...over,
})

describe('an endpoint', () => {
  const mixtral = endpoint('mixtral', { name: 'Mixtral 8x7B', endpointName: 'Mixtral-SM-Endpoint' })
  const one = endpoint('one', { endpointName: 'Shared', inferenceComponent: 'first' })
  const two = endpoint('two', { endpointName: 'Shared', inferenceComponent: 'second' })
  const table = createEndpointTable([mixtral, one, two])

  it.each([
    ['sagemaker.mixtral', mixtral],
    ['Mixtral 8x7B', mixtral],
    ['mixtral 8x7b', null],
    ['mixtral', null],
    ['Mixtral-SM-Endpoint', null],
  ])('is named by its model id and by its name: %s', (name, found) => {
    expect(table.named(name)).toBe(found)
  })

  it.each([
    ['Mixtral-SM-Endpoint', null, mixtral],
    // it may be any component's: none is configured
    ['Mixtral-SM-Endpoint', 'any', mixtral],
    ['Shared', 'second', two],
    ['Shared', 'third', null],
    // which of the two is meant, nobody can say
    ['Shared', null, null],
    ['Elsewhere', null, null],
  ])('of SageMaker is found by its own name and component: %s, %s', (name, component, found) => {
    expect(table.called(name, component)).toBe(found)
  })

  it('with one component is meant where a call names none, and by no other component', () => {
    const alone = createEndpointTable([one])
    expect(alone.called('Shared', null)).toBe(one)
    expect(alone.called('Shared', 'second')).toBeNull()
  })

  it('has a model id that no text of it can leave', () => {
    expect(endpointModelId(mixtral)).toBe('sagemaker.mixtral')
    expect(['=1+1', ' x', 'a\nb', 'a/b', ''].filter((name) => ENDPOINT_CALL_NAME.test(name))).toEqual([])
  })
})
