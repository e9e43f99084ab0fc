// wb alias …: names for model ids that change with time.

import { segment } from './client.ts'
import { command, flag, shown, text, type Group } from './command.ts'
import { rowsOf } from './pages.ts'
import { cellText, recordOf, tableOf } from './table.ts'

const NAME = { name: 'alias', words: 'the alias, such as chat-default' } as const
const TENANT = text('tenant id', 'whose it is, and of everyone below; everybody when left out')

export const alias: Group = {
  words: 'Aliases: names for model ids, so that a new model is rolled out by one change.',
  commands: {
    set: command({
      words: 'Says what an alias means, now or from a time on. What is planned for later stays.',
      positionals: [NAME, { name: 'model', words: 'the model id that it stands for' }],
      options: {
        tenant: TENANT,
        from: text('time', 'from then on; now when left out'),
        'allow-unknown-models': flag('take a model id that matches no known model'),
      },
      async run({ admin }, { positionals, options }) {
        const body = {
          model_id: positionals.model,
          ...(options.tenant === undefined ? {} : { tenant_id: options.tenant }),
          ...(options.from === undefined ? {} : { effective_from: options.from }),
          ...(options['allow-unknown-models'] ? { allow_unknown_models: true } : {}),
        }
        const put = await admin().ask('PUT', `aliases/${segment(positionals.alias)}`, { body })
        return shown(put, recordOf({ ...put, targets: targetsText(put.targets) }))
      },
    }),
    list: command({
      words: 'All aliases, with what they mean now and from when on.',
      async run({ admin }) {
        const answer = await admin().ask('GET', 'aliases')
        const rows = rowsOf(answer.aliases).map(({ alias: name, tenant_id, model_id, targets }) => [
          name,
          tenant_id ?? 'everybody',
          model_id,
          targetsText(targets),
        ])
        const titles = ['alias', 'tenant', 'means now', 'targets'].map((title) => ({ title }))
        return shown(answer, tableOf(titles, rows))
      },
    }),
    delete: command({
      words: 'Deletes an alias, or one of its targets.',
      positionals: [NAME],
      options: { tenant: TENANT, from: text('time', 'only the target of this time') },
      async run({ admin }, { positionals, options }) {
        const query = { tenant: options.tenant, effective_from: options.from }
        const deleted = await admin().ask('DELETE', `aliases/${segment(positionals.alias)}`, { query })
        return shown(deleted, recordOf(deleted))
      },
    }),
  },
}

const targetsText = (targets: unknown): string =>
  rowsOf(targets)
    .map(({ model_id, effective_from }) => `${cellText(model_id)} from ${cellText(effective_from)}`)
    .join(', ')
