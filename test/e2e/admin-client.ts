// What tests ask of a gateway's control plane: tenants with keys, the whole ledger, the sums of its report.

export const TEST_ADMIN_TOKEN = 'test-admin-token-0123456789'

export type TestTenant = {
  readonly id: string
  readonly keyId: string
  readonly secret: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** A ledger entry as the control plane shows it. */
export type LedgerLine = {
  readonly request_id: string
  readonly upstream_request_id: string | null
  readonly tenant_id: string
  readonly key_id: string
  readonly model_id: string
  readonly base_model: string | null
  readonly routing: string
  readonly region: string
  readonly tier: string
  readonly operation: string
  readonly started_at: string
  readonly ending: string
  readonly status: number
  readonly attempts: number
  readonly usage: Readonly<Record<string, number | null>> | null
  readonly cost_usd: string | null
  readonly estimated: boolean
  readonly delivered_bytes: number
  readonly metadata: Readonly<Record<string, string>>
  readonly notes: readonly string[]
}

export type AdminClient = {
  admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  /** Makes a tenant with a key. Unless told otherwise it may call every model, without limits. */
  tenant(id: string, over?: Record<string, unknown>): Promise<TestTenant>
  /** Every ledger entry, oldest first. */
  ledger(): Promise<LedgerLine[]>
  /** The rollups' sums over everything. */
  spent(): Promise<Record<string, string | number | null>>
}

export function createAdminClient(url: string, send: typeof fetch = fetch): AdminClient {
  const admin: AdminClient['admin'] = async (method, path, body) => {
    const response = await send(`${url}/admin/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${TEST_ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} /admin/v1/${path} answered ${response.status}: ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
  return {
    admin,
    async tenant(id, over = {}) {
      await admin('POST', 'tenants', { id, name: id, allowed_models: ['*'], ...over })
      const key = await admin('POST', `tenants/${id}/keys`, { name: 'test' })
      return {
        id,
        keyId: String(key.key_id),
        secret: String(key.secret),
        accessKeyId: String(key.access_key_id),
        secretAccessKey: String(key.secret_access_key),
      }
    },
    ledger: () => wholeLedger(admin),
    async spent() {
      const report = await admin('GET', `reports/spend?group_by=month&from=${monthBefore()}`)
      return sumOf(report.rows as Record<string, string | number | null>[])
    },
  }
}

async function wholeLedger(admin: AdminClient['admin']): Promise<LedgerLine[]> {
  const entries: LedgerLine[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page = await admin('GET', `ledger?limit=1000${query}`)
    entries.push(...(page.entries as LedgerLine[]))
    cursor = typeof page.next_cursor === 'string' ? page.next_cursor : null
  } while (cursor !== null)
  return entries.toReversed()
}

/** A test that runs over midnight at the end of a month still finds all that it did. */
const monthBefore = (): string => new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)

function sumOf(rows: readonly Record<string, string | number | null>[]): Record<string, string | number | null> {
  const [first = {}, ...others] = rows
  if (others.length > 0) throw new Error('the test ran over the end of a month: run it again')
  return first
}
