// wb endpoint …: SageMaker endpoints that can be called through the gateway.

import { segment } from './client.ts'
import { command, required, shown, text, type Group } from './command.ts'
import { rowsOf } from './pages.ts'
import { recordOf, tableOf } from './table.ts'
import { wholeNumber } from './whole-number.ts'

const ID = { name: 'endpoint', words: 'its id here; its model id is "sagemaker." and this' } as const

export const endpoint: Group = {
  words: 'SageMaker endpoints that can be called through the gateway.',
  commands: {
    set: command({
      words: 'Creates or replaces an endpoint. Tenants must be allowed its model id.',
      positionals: [ID],
      options: {
        endpoint: required('name', "SageMaker's own name of it"),
        name: text('name', 'by which callers of /invoke_model name it; its id when left out'),
        component: text('name', 'the inference component that is called'),
        region: text('region', "where it is; the gateway's when left out"),
        kind: text('kind', 'what its container takes: text, chat or embeddings; as callers ask when left out'),
        'max-output-tokens': text('number', 'what it writes at most, for limits'),
      },
      async run({ admin }, { positionals, options }) {
        const most = options['max-output-tokens']
        const body = {
          endpoint_name: options.endpoint,
          ...(options.name === undefined ? {} : { name: options.name }),
          ...(options.component === undefined ? {} : { inference_component: options.component }),
          ...(options.region === undefined ? {} : { region: options.region }),
          ...(options.kind === undefined ? {} : { kind: options.kind }),
          ...(most === undefined ? {} : { max_output_tokens: wholeNumber(most, 'max-output-tokens') }),
        }
        const put = await admin().ask('PUT', `endpoints/${segment(positionals.endpoint)}`, { body })
        return shown(put, recordOf(put))
      },
    }),
    list: command({
      words: 'All endpoints.',
      async run({ admin }) {
        const answer = await admin().ask('GET', 'endpoints')
        const rows = rowsOf(answer.endpoints).map((one) => COLUMNS.map((name) => one[name]))
        return shown(
          answer,
          tableOf(
            COLUMNS.map((title) => ({ title })),
            rows,
          ),
        )
      },
    }),
    show: command({
      words: 'One endpoint.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const found = await admin().ask('GET', `endpoints/${segment(positionals.endpoint)}`)
        return shown(found, recordOf(found))
      },
    }),
    delete: command({
      words: 'Deletes an endpoint: it can no longer be called.',
      positionals: [ID],
      async run({ admin }, { positionals }) {
        const deleted = await admin().ask('DELETE', `endpoints/${segment(positionals.endpoint)}`)
        return shown(deleted, recordOf(deleted))
      },
    }),
  },
}

const COLUMNS = ['model_id', 'name', 'endpoint_name', 'inference_component', 'region', 'kind'] as const
