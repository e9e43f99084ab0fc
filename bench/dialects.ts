// Calls in other dialects than Bedrock's own, beside the bare proxy's native ones: translated, translated as a stream, passed through.

import { closedLoop, type LoadPlan } from './load.ts'
import { measure, SECONDS, sideBySide } from './rounds.ts'
import { streamPrompt } from './streams.ts'
import { chatPlan, messagesPlan, type Target, type Targets } from './targets.ts'

const CONNECTIONS = 64
const STREAMS = 100
const EVENTS = 103

export async function benchDialects(targets: Targets, print: (line?: string) => void): Promise<void> {
  print()
  print('Other dialects, 1 KB, 64 connections, against the same call passed by the bare proxy')
  const ratioOf = async (planOf: (target: Target) => LoadPlan): Promise<number> => {
    const of = await sideBySide(targets, (target) =>
      measure(target, () => closedLoop(target.name === 'bare' ? target.plan : planOf(target), CONNECTIONS, SECONDS)),
    )
    return of(({ gateway, bare }) => gateway.perSecond / bare.perSecond)
  }
  print(
    `  passed       ${(await ratioOf(messagesPlan)).toFixed(2)} of its req/s, Anthropic's Messages on Claude   (goal: 0.7 or more)`,
  )
  print(
    `  translated   ${(await ratioOf(chatPlan)).toFixed(2)} of its req/s, OpenAI in and Converse out   (goal: 0.55 or more)`,
  )
  const streams = await sideBySide(targets, (target) => {
    const plan = target.name === 'bare' ? target.streamPlan : chatPlan(target, streamPrompt(100, 20), true)
    return measure(target, () => closedLoop(plan, STREAMS, SECONDS), EVENTS)
  })
  const ratio = streams(({ gateway, bare }) => gateway.cpuMicroseconds / bare.cpuMicroseconds)
  print(
    `  as a stream  ${ratio.toFixed(2)} of its CPU per event, OpenAI in and ConverseStream out   (goal: 1.5 or less)`,
  )
}
