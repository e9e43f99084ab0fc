// The circuit breaker, state by state.

import { describe, expect, it } from 'vitest'
import { Circuit } from './circuit.ts'

function opened(): { circuit: Circuit; wait: (milliseconds: number) => void } {
  let now = 1_000
  const circuit = new Circuit(() => now)
  for (let count = 0; count < 5; count += 1) {
    expect(circuit.enter()).toBe(true)
    circuit.failed()
  }
  return {
    circuit,
    wait(milliseconds) {
      now += milliseconds
    },
  }
}

describe('the circuit breaker', () => {
  it('stays closed while any connection succeeds between failures', () => {
    const circuit = new Circuit(() => 0)
    for (let count = 0; count < 20; count += 1) {
      circuit.failed()
      if (count % 4 === 3) circuit.connected()
      expect(circuit.enter()).toBe(true)
    }
  })

  it('opens after five failures in a row and refuses at once', () => {
    const { circuit, wait } = opened()
    expect(circuit.enter()).toBe(false)
    wait(1_999)
    expect(circuit.enter()).toBe(false)
  })

  it('lets one probe through, and closes when it connects', () => {
    const { circuit, wait } = opened()
    wait(2_000)
    expect(circuit.enter()).toBe(true)
    expect(circuit.enter()).toBe(false)
    circuit.connected()
    expect(circuit.enter()).toBe(true)
    expect(circuit.enter()).toBe(true)
  })

  it('opens again when the probe fails, and tries another when the probe says nothing', () => {
    const { circuit, wait } = opened()
    wait(2_000)
    expect(circuit.enter()).toBe(true)
    circuit.failed()
    expect(circuit.enter()).toBe(false)
    wait(2_000)
    expect(circuit.enter()).toBe(true)
    circuit.undecided()
    expect(circuit.enter()).toBe(true)
  })
})
