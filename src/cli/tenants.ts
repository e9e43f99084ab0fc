// wb tenant …: the tree of customers.

import { ACCESS_OPTIONS, accessOf, accessText, pairsOf, type AccessOptions } from './access-options.ts'
import { allPages } from './pages.ts'
import { segment, type Json } from './client.ts'
import { command, flag, list, shown, text, type Group } from './command.ts'
import { usage } from './failure.ts'
import { LIMIT_FORM, LIMIT_WORDS, limitOf, limitsText } from './limit-option.ts'
import { recordOf, tableOf } from './table.ts'
import { treeOf } from './tree.ts'

const ID = { name: 'id', words: 'the tenant id: letters, digits, ".", "_", "-"' } as const

const CHANGEABLE = {
  name: text('name', 'a name for people'),
  parent: text('tenant id', 'the tenant above it'),
  plan: text('plan id', 'the usage plan'),
  attribute: list('name=value', 'a label such as cost_center=4711'),
  'allow-model': list('glob', 'a model id or pattern that it may call; overrides the plan'),
  ...ACCESS_OPTIONS,
  limit: list(LIMIT_FORM, LIMIT_WORDS),
  'allow-unknown-models': flag('take patterns that match no known model'),
} as const

export const tenant: Group = {
  words: 'Tenants: who calls are made for, and who pays.',
  commands: {
    create: command({
      words: 'Creates a tenant. Without a plan and without models it stays closed.',
      positionals: [ID],
      options: CHANGEABLE,
      async run({ admin }, { positionals, options }) {
        const made = await admin().ask('POST', 'tenants', { body: { id: positionals.id, ...bodyOf(options) } })
        return shown(made, recordOf(forPeople(made)))
      },
    }),
    list: command({
      words: 'All tenants, as a tree.',
      async run({ admin }) {
        const tenants = await allPages(admin(), 'tenants', 'tenants')
        const rows = treeOf(tenants).map(({ node, depth }) => [
          `${'  '.repeat(depth)}${String(node.id)}`,
          node.name,
          node.plan_id,
          node.status,
          limitsText(node.limits),
        ])
        const titles = ['tenant', 'name', 'plan', 'status', 'own limits'].map((title) => ({ title }))
        return shown({ tenants }, tableOf(titles, rows))
      },
    }),
    show: command({
      words: 'One tenant.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const found = await admin().ask('GET', `tenants/${segment(positionals.id)}`)
        return shown(found, recordOf(forPeople(found)))
      },
    }),
    update: command({
      words: 'Changes what is given and leaves the rest. A list that is given replaces the whole list.',
      positionals: [ID],
      options: {
        ...CHANGEABLE,
        status: text('active|disabled', 'whether its keys, and those below it, work'),
        'no-parent': flag('make it a root of the tree'),
        'no-plan': flag('take its plan away'),
        'no-attributes': flag('take all its attributes away'),
        'no-own-models': flag('let the plan say which models it may call'),
        'no-own-access': flag('say nothing of its own about models denied, regions, routing, tiers, guardrail, role'),
        'no-own-limits': flag('take its own limits away'),
      },
      async run({ admin }, { positionals, options }) {
        const body = {
          ...bodyOf(options),
          ...(options.status === undefined ? {} : { status: options.status }),
          ...(options['no-parent'] ? { parent_id: null } : {}),
          ...(options['no-plan'] ? { plan_id: null } : {}),
          ...(options['no-attributes'] ? { attributes: {} } : {}),
          ...(options['no-own-models'] ? { allowed_models: null } : {}),
          ...(options['no-own-access'] ? { access: null } : {}),
          ...(options['no-own-limits'] ? { limits: [] } : {}),
        }
        if (Object.keys(body).length === 0) throw usage('Nothing to change was given.')
        const changed = await admin().ask('PATCH', `tenants/${segment(positionals.id)}`, { body })
        return shown(changed, recordOf(forPeople(changed)))
      },
    }),
    disable: command({
      words: 'Disables a tenant: its keys, and those of everyone below it, stop working at once.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const disabled = await admin().ask('DELETE', `tenants/${segment(positionals.id)}`)
        return shown(disabled, recordOf(forPeople(disabled)))
      },
    }),
  },
}

type Changes = AccessOptions & {
  readonly name: string | undefined
  readonly parent: string | undefined
  readonly plan: string | undefined
  readonly attribute: readonly string[]
  readonly 'allow-model': readonly string[]
  readonly limit: readonly string[]
  readonly 'allow-unknown-models': boolean
}

function bodyOf(options: Changes): Record<string, unknown> {
  return {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.parent === undefined ? {} : { parent_id: options.parent }),
    ...(options.plan === undefined ? {} : { plan_id: options.plan }),
    ...(options.attribute.length === 0 ? {} : { attributes: pairsOf('attribute', options.attribute) }),
    ...(options['allow-model'].length === 0 ? {} : { allowed_models: options['allow-model'] }),
    ...accessOf(options),
    ...(options.limit.length === 0 ? {} : { limits: options.limit.map(limitOf) }),
    ...(options['allow-unknown-models'] ? { allow_unknown_models: true } : {}),
  }
}

const forPeople = (found: Json): Json => ({
  ...found,
  access: accessText(found.access),
  limits: limitsText(found.limits),
})
