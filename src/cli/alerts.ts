// wb alert …: what is watched, who is told, and what has been raised.

import { readSecret, targetBody } from './alert-target-options.ts'
import { segment, type Json } from './client.ts'
import { command, list, required, shown, text, type Group } from './command.ts'
import { usage } from './failure.ts'
import { rowsOf } from './pages.ts'
import { cellText, recordOf, tableOf } from './table.ts'

const ID = { name: 'id', words: 'its id' } as const
const USUAL_ALERTS = '20'

const rule: Group = {
  words: 'Alert rules: what is watched.',
  commands: {
    set: command({
      words: 'Creates an alert rule or replaces it whole.',
      positionals: [ID],
      options: {
        kind: required('kind', 'threshold, forecast, unpriced or errors'),
        percent: list('number', 'a percentage that is alerted once in each window, such as 80; repeat it for more'),
        target: list('target id', 'who is told; repeat it for more'),
        tenant: text('tenant id', 'watch only this tenant and all below it; all when left out'),
        'limit-kind': list('kind', 'only limits of this kind: requests, tokens, concurrency or cost'),
        counting: text('used|used_and_held', 'threshold: whether what running calls hold counts too'),
        'minimum-elapsed': text('percent', 'forecast: the share of the window that must have passed; 10 when left out'),
        'window-minutes': text('number', 'errors: over the last so many minutes; 5 when left out'),
        'minimum-calls': text('number', 'errors: not for fewer calls than these; 20 when left out'),
      },
      async run({ admin }, { positionals, options }) {
        const put = await admin().ask('PUT', `alert-rules/${segment(positionals.id)}`, { body: ruleBody(options) })
        return shown(put, recordOf(put))
      },
    }),
    list: command({
      words: 'All alert rules.',
      async run({ admin }) {
        const answer = await admin().ask('GET', 'alert-rules')
        const rows = rowsOf(answer.rules).map((row) => [
          row.id,
          row.kind,
          row.tenant_id ?? '*',
          percentsText(row.percents),
          row.target_ids,
        ])
        return shown(answer, tableOf(titled('rule', 'kind', 'tenants', 'percent', 'targets'), rows))
      },
    }),
    delete: command({
      words: 'Deletes an alert rule. What it has raised stays in the list of alerts.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const deleted = await admin().ask('DELETE', `alert-rules/${segment(positionals.id)}`)
        return shown(deleted, recordOf(deleted))
      },
    }),
  },
}

const target: Group = {
  words: 'Alert targets: who is told.',
  commands: {
    set: command({
      words:
        'Creates an alert target or replaces it. Secrets are read from files, so that no list of processes shows them.',
      positionals: [ID],
      options: {
        kind: required('kind', 'webhook, smtp, sns or slack'),
        url: text('url', 'webhook: where it is posted to'),
        'url-file': text('path', 'slack: a file with the URL, which is kept secret'),
        'secret-file': text('path', 'webhook: a file with the signing secret; one is made and shown when left out'),
        host: text('host', 'smtp: the mail server'),
        port: text('number', 'smtp: its port; 587 when left out'),
        security: text('starttls|tls|none', 'smtp: starttls when left out'),
        username: text('name', 'smtp: to sign in'),
        'password-file': text('path', 'smtp: a file with the password'),
        from: text('address', 'smtp: the sender'),
        to: list('address', 'smtp: a recipient; repeat it for more'),
        'topic-arn': text('arn', 'sns: the topic'),
      },
      async run({ admin, readFile }, { positionals, options }) {
        const body = targetBody(options, (path) => readSecret(readFile, path))
        const put = await admin().ask('PUT', `alert-targets/${segment(positionals.id)}`, { body })
        return shown(put, recordOf(put))
      },
    }),
    list: command({
      words: 'All alert targets, without their secrets.',
      async run({ admin }) {
        const answer = await admin().ask('GET', 'alert-targets')
        const rows = rowsOf(answer.targets).map((row) => [row.id, row.kind, whereOf(row)])
        return shown(answer, tableOf(titled('target', 'kind', 'where'), rows))
      },
    }),
    delete: command({
      words: 'Deletes an alert target that no rule names.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const deleted = await admin().ask('DELETE', `alert-targets/${segment(positionals.id)}`)
        return shown(deleted, recordOf(deleted))
      },
    }),
    test: command({
      words: 'Sends a test to an alert target; status 1 when it was not taken.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const tested = await admin().ask('POST', 'alert-tests', { body: { target_id: positionals.id } })
        return shown(tested, recordOf(tested), tested.delivered === true ? 0 : 1)
      },
    }),
  },
}

export const alert: Group = {
  words: 'Alerts: rules, targets, and what was raised.',
  commands: {
    rule,
    target,
    list: command({
      words: 'What was raised, newest first, and whether it was delivered.',
      options: {
        limit: text('number', `how many, up to 1000; ${USUAL_ALERTS} when left out`),
        cursor: text('cursor', 'go on where an earlier list ended'),
      },
      async run({ admin }, { options }) {
        const query = { limit: options.limit ?? USUAL_ALERTS, cursor: options.cursor }
        const answer = await admin().ask('GET', 'alerts', { query })
        const rows = rowsOf(answer.alerts).map((row) => [
          row.raised_at,
          row.title,
          deliveriesText(row.deliveries),
          row.id,
        ])
        const more = typeof answer.next_cursor === 'string' ? `\nThere are more: --cursor ${answer.next_cursor}\n` : ''
        return shown(answer, `${tableOf(titled('raised', 'alert', 'deliveries', 'id'), rows)}${more}`)
      },
    }),
  },
}

const titled = (...titles: readonly string[]) => titles.map((title) => ({ title }))

type RuleOptions = Readonly<Record<'percent' | 'target' | 'limit-kind', readonly string[]>> &
  Readonly<Record<'kind', string>> &
  Readonly<Record<'tenant' | 'counting' | 'minimum-elapsed' | 'window-minutes' | 'minimum-calls', string | undefined>>

/** What was not said is left out: the control plane knows what is usual, and refuses what does not belong to the kind. */
function ruleBody(options: RuleOptions): Json {
  const given: Json = {
    kind: options.kind,
    tenant_id: options.tenant,
    target_ids: options.target,
    percents: options.percent.length === 0 ? undefined : options.percent.map((written) => numberOf('percent', written)),
    limit_kinds: options['limit-kind'].length === 0 ? undefined : options['limit-kind'],
    counting: options.counting,
    minimum_elapsed_percent: optionalNumber('minimum-elapsed', options['minimum-elapsed']),
    window_minutes: optionalNumber('window-minutes', options['window-minutes']),
    minimum_calls: optionalNumber('minimum-calls', options['minimum-calls']),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

const optionalNumber = (name: string, written: string | undefined): number | undefined =>
  written === undefined ? undefined : numberOf(name, written)

function numberOf(name: string, written: string): number {
  if (!/^\d{1,9}(?:\.\d{1,9})?$/.test(written)) throw usage(`--${name} "${written.slice(0, 80)}" is no number.`)
  return Number(written)
}

const percentsText = (percents: unknown): string =>
  Array.isArray(percents) ? percents.map((percent) => `${cellText(percent)}%`).join(' ') : '-'

function whereOf(row: Json): string {
  if (row.kind === 'smtp') return `${cellText(row.host)}:${cellText(row.port)} to ${cellText(row.to)}`
  return cellText(row.url ?? row.topic_arn ?? row.host)
}

function deliveriesText(deliveries: unknown): string {
  const texts = rowsOf(deliveries).map((row) => {
    const error = typeof row.last_error === 'string' ? ` (${row.last_error})` : ''
    return `${cellText(row.target_id)}: ${cellText(row.state)}${error}`
  })
  return texts.length === 0 ? 'no target' : texts.join(', ')
}
