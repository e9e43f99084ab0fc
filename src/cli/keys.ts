// wb key …: the API keys of a tenant.

import { segment, type Json } from './client.ts'
import { command, flag, list, required, shown, text, type Group } from './command.ts'
import { usage } from './failure.ts'
import { LIMIT_FORM, LIMIT_WORDS, limitOf, limitsText } from './limit-option.ts'
import { allPages } from './pages.ts'
import { recordOf, tableOf } from './table.ts'

const TENANT = required('tenant id', 'whose key it is')
const KEY = { name: 'key id', words: 'the 12 letters and digits between the underscores of the key' } as const

const ONCE = '\nThe secrets are shown this once. The gateway keeps only a hash.\n'

export const key: Group = {
  words: 'API keys: what calls are made with.',
  commands: {
    create: command({
      words: 'Makes a key and its AWS-style access key pair, and shows their secrets, this once.',
      options: {
        tenant: TENANT,
        name: text('name', 'a name for people'),
        'expires-at': text('time', 'when it ends: 2027-01-01 or 2027-01-01T00:00:00Z'),
        'may-act-for': list('tenant id', 'another tenant that it may make calls for'),
        limit: list(LIMIT_FORM, LIMIT_WORDS),
      },
      async run({ admin }, { options }) {
        const made = await admin().ask('POST', pathOf(options.tenant), {
          body: {
            ...(options.name === undefined ? {} : { name: options.name }),
            ...(options['expires-at'] === undefined ? {} : { expires_at: options['expires-at'] }),
            ...(options['may-act-for'].length === 0 ? {} : { may_act_for: options['may-act-for'] }),
            ...(options.limit.length === 0 ? {} : { limits: options.limit.map(limitOf) }),
          },
        })
        return shown(made, `${recordOf(forPeople(made))}${ONCE}`)
      },
    }),
    list: command({
      words: "A tenant's keys, without their secrets.",
      options: { tenant: TENANT },
      async run({ admin }, { options }) {
        const keys = await allPages(admin(), pathOf(options.tenant), 'keys')
        const names = [
          'key_id',
          'name',
          'status',
          'access_key_id',
          'created_at',
          'expires_at',
          'revoked_at',
          'replaced_by',
          'limits',
        ]
        const rows = keys.map((row) => names.map((name) => (name === 'limits' ? limitsText(row[name]) : row[name])))
        return shown(
          { keys },
          tableOf(
            names.map((title) => ({ title })),
            rows,
          ),
        )
      },
    }),
    rotate: command({
      words: 'Makes a new key in the place of one, which works on for a time of grace.',
      positionals: [KEY],
      options: {
        tenant: TENANT,
        'grace-seconds': text('seconds', 'how long the old one works on; an hour when left out'),
      },
      async run({ admin }, { positionals, options }) {
        const grace = options['grace-seconds']
        if (grace !== undefined && !/^\d{1,9}$/.test(grace))
          throw usage('--grace-seconds must be a whole number of seconds.')
        const made = await admin().ask('POST', `${pathOf(options.tenant)}/${segment(positionals['key id'])}/rotate`, {
          body: grace === undefined ? {} : { grace_seconds: Number(grace) },
        })
        return shown(made, `${recordOf(forPeople(made))}${ONCE}`)
      },
    }),
    update: command({
      words: 'Changes name, end, limits or the tenants that a key may act for.',
      positionals: [KEY],
      options: {
        tenant: TENANT,
        name: text('name', 'a name for people'),
        'expires-at': text('time', 'when it ends; "never" takes the end away'),
        'may-act-for': list('tenant id', 'another tenant that it may make calls for; replaces all'),
        limit: list(LIMIT_FORM, `${LIMIT_WORDS}; replaces all`),
        'no-limits': flag('take its own limits away'),
      },
      async run({ admin }, { positionals, options }) {
        const end = options['expires-at']
        const body = {
          ...(options.name === undefined ? {} : { name: options.name }),
          ...(end === undefined ? {} : { expires_at: end === 'never' ? null : end }),
          ...(options['may-act-for'].length === 0 ? {} : { may_act_for: options['may-act-for'] }),
          ...(options.limit.length === 0 ? {} : { limits: options.limit.map(limitOf) }),
          ...(options['no-limits'] ? { limits: [] } : {}),
        }
        if (Object.keys(body).length === 0) throw usage('Nothing to change was given.')
        const path = `${pathOf(options.tenant)}/${segment(positionals['key id'])}`
        const changed = await admin().ask('PATCH', path, { body })
        return shown(changed, recordOf(forPeople(changed)))
      },
    }),
    revoke: command({
      words: 'Ends a key now.',
      positionals: [KEY],
      options: { tenant: TENANT },
      async run({ admin }, { positionals, options }) {
        const ended = await admin().ask('DELETE', `${pathOf(options.tenant)}/${segment(positionals['key id'])}`)
        return shown(ended, recordOf(forPeople(ended)))
      },
    }),
  },
}

const pathOf = (tenantId: string): string => `tenants/${segment(tenantId)}/keys`

/** The secrets first: they are what the command is for. */
const forPeople = ({ secret, access_key_id, secret_access_key, limits, ...rest }: Json): Json => ({
  ...(secret === undefined ? {} : { secret }),
  access_key_id,
  ...(secret_access_key === undefined ? {} : { secret_access_key }),
  ...rest,
  limits: limitsText(limits),
})
