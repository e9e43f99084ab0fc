// The demo's alert: a receiver of webhooks on this machine, a rule for budgets, and the proof that it fired once.

import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { AdminClient } from '../demo-traffic.ts'

export type DemoAlert = {
  /** Makes the target and the rule: told at 80% of any budget. */
  readonly prepare: (admin: AdminClient) => Promise<void>
  /** Waits for the alert, shows it, and says whether there was exactly one, rightly signed. */
  readonly show: (admin: AdminClient, print: (line: string) => void) => Promise<boolean>
  readonly close: () => void
}

type Told = { readonly message: string; readonly signed: boolean }

const PERCENT = 80
const LONGEST_WAIT_MILLISECONDS = 15_000
const STEP_MILLISECONDS = 100
/** Alerts are looked for each second: a second one would have come. */
const SILENCE_MILLISECONDS = 2_500

export async function startDemoAlert(): Promise<DemoAlert> {
  const told: Told[] = []
  let secret = ''
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      told.push(toldBy(request, body, secret))
      return response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`
  return {
    async prepare(admin) {
      const made = await admin('PUT', 'alert-targets/demo', { kind: 'webhook', url })
      secret = String(made.secret)
      const rule = { kind: 'threshold', percents: [PERCENT], limit_kinds: ['cost'], target_ids: ['demo'] }
      await admin('PUT', 'alert-rules/budgets', rule)
    },
    async show(admin, print) {
      for (let waited = 0; told.length === 0 && waited < LONGEST_WAIT_MILLISECONDS; waited += STEP_MILLISECONDS) {
        await setTimeout(STEP_MILLISECONDS)
      }
      await setTimeout(SILENCE_MILLISECONDS)
      const { alerts } = await admin('GET', 'alerts')
      const raised = Array.isArray(alerts) ? alerts.length : 0
      const [first] = told
      const once = raised === 1 && told.length === 1 && first?.signed === true
      print(
        once
          ? `An alert at ${PERCENT}% of a budget fired once, and reached a webhook on this machine with a valid signature:`
          : `NOT ONCE: ${raised} alerts raised, ${told.length} delivered.`,
      )
      for (const line of (first?.message ?? '').split('\n')) print(`  ${line}`)
      print('')
      return once
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

function toldBy({ headers }: IncomingMessage, body: string, secret: string): Told {
  const { data = {} } = JSON.parse(body) as { readonly data?: { readonly message?: string } }
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
  const signature = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
  return { message: data.message ?? '', signed: headers['webhook-signature'] === signature }
}
