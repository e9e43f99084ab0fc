// wb plan …: the sets of allowed models and limits that tenants share.

import { ACCESS_OPTIONS, accessOf, accessText } from './access-options.ts'
import { BUDGETING_OPTIONS, budgetingOf, budgetingText } from './budgeting-options.ts'
import { segment, type Json } from './client.ts'
import { command, flag, list, shown, text, type Group } from './command.ts'
import { usage } from './failure.ts'
import { FALLBACK_FORM, FALLBACK_WORDS, fallbackOf, fallbacksText } from './fallback-option.ts'
import { LIMIT_FORM, LIMIT_WORDS, limitOf, limitsText } from './limit-option.ts'
import { rowsOf } from './pages.ts'
import { recordOf, tableOf } from './table.ts'

const ID = { name: 'id', words: 'the plan id' } as const

export const plan: Group = {
  words: 'Usage plans: allowed models and limits that tenants share.',
  commands: {
    set: command({
      words: 'Creates a plan or replaces it whole. Tenants that have it follow at once.',
      positionals: [ID],
      options: {
        name: text('name', 'a name for people'),
        'allow-model': list('glob', 'a model id or pattern, such as "anthropic.claude-*"; "*" is all'),
        ...ACCESS_OPTIONS,
        limit: list(LIMIT_FORM, LIMIT_WORDS),
        'on-disconnect': text('drain|abort', 'what happens to a call whose client leaves'),
        unpriced: text('hold|refuse', 'what happens to a call to a model without a price'),
        ...BUDGETING_OPTIONS,
        'anthropic-beta': text('pass|strip|refuse', 'what happens to the names in anthropic-beta'),
        'unknown-fields': text('pass|strip|refuse', 'what happens to members that a dialect is not known to have'),
        'bedrock-endpoints': text('auto|prefer|avoid', "when Bedrock's own endpoints of other dialects are called"),
        fallback: list(FALLBACK_FORM, FALLBACK_WORDS),
        'allow-unknown-models': flag('take patterns that match no known model'),
      },
      async run({ admin }, { positionals, options }) {
        if (options['allow-model'].length === 0) {
          throw usage('--allow-model is missing: a plan without models lets nobody call anything; "*" allows all.')
        }
        const body = {
          allowed_models: options['allow-model'],
          ...accessOf(options),
          limits: options.limit.map(limitOf),
          ...(options.name === undefined ? {} : { name: options.name }),
          ...(options['on-disconnect'] === undefined ? {} : { on_disconnect: options['on-disconnect'] }),
          ...(options.unpriced === undefined ? {} : { unpriced: options.unpriced }),
          ...budgetingOf(options),
          ...dialectsOf(options),
          ...(options.fallback.length === 0 ? {} : { fallbacks: options.fallback.map(fallbackOf) }),
          ...(options['allow-unknown-models'] ? { allow_unknown_models: true } : {}),
        }
        const put = await admin().ask('PUT', `plans/${segment(positionals.id)}`, { body })
        return shown(put, recordOf(forPeople(put)))
      },
    }),
    list: command({
      words: 'All plans.',
      async run({ admin }) {
        const answer = await admin().ask('GET', 'plans')
        const rows = rowsOf(answer.plans).map((row) => [row.id, row.name, row.allowed_models, limitsText(row.limits)])
        return shown(
          answer,
          tableOf(
            ['plan', 'name', 'allowed models', 'limits'].map((title) => ({ title })),
            rows,
          ),
        )
      },
    }),
    show: command({
      words: 'One plan.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const found = await admin().ask('GET', `plans/${segment(positionals.id)}`)
        return shown(found, recordOf(forPeople(found)))
      },
    }),
    delete: command({
      words: 'Deletes a plan that no tenant has.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const deleted = await admin().ask('DELETE', `plans/${segment(positionals.id)}`)
        return shown(deleted, recordOf(deleted))
      },
    }),
  },
}

const forPeople = (found: Json): Json => ({
  ...found,
  access: accessText(found.access),
  limits: limitsText(found.limits),
  budgeting: budgetingText(found.budgeting as Json | undefined),
  fallbacks: fallbacksText(found.fallbacks),
})

/** Empty: none was given. */
function dialectsOf(options: {
  readonly 'anthropic-beta'?: string | undefined
  readonly 'unknown-fields'?: string | undefined
  readonly 'bedrock-endpoints'?: string | undefined
}): { dialects?: Json } {
  const said = {
    anthropic_beta: options['anthropic-beta'],
    unknown_fields: options['unknown-fields'],
    bedrock_endpoints: options['bedrock-endpoints'],
  }
  const given = Object.entries(said).filter(([, choice]) => choice !== undefined)
  return given.length === 0 ? {} : { dialects: Object.fromEntries(given) as Json }
}
