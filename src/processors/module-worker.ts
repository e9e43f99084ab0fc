// Runs in a worker thread: loads one ES module and answers calls with what its default export returns; it shares nothing with the gateway.
//
// Plain JavaScript, because it is handed over as text: a thread that had to strip types first would start three times as slowly.

import { parentPort, workerData } from 'node:worker_threads'

const loaded = await import(workerData.url)
const run = loaded.default ?? loaded.processor
if (typeof run !== 'function')
  throw new TypeError('the module has no function as its default export, or as "processor"')

const context = { name: workerData.name, options: workerData.options }

/** What cannot be said as JSON fails that call. Of an error its class alone is told: its words may quote the call. */
const answer = async (id = 0, input = '') => {
  try {
    const output = await run(JSON.parse(input), context)
    parentPort?.postMessage({ id, output: output === undefined || output === null ? '' : JSON.stringify(output) })
  } catch (thrown) {
    parentPort?.postMessage({ id, failure: thrown instanceof Error ? thrown.name : typeof thrown })
  }
}

parentPort?.on('message', (question) => void answer(question.id, question.input))
parentPort?.postMessage({ ready: true })
