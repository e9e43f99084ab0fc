// Which addresses alerts may be sent to: public ones, and private ones that the operator named. What is checked is what is connected to.

import { lookup as resolve } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { NotifierFailure } from '../core/alert-delivery.ts'

export type ResolvedAddress = { readonly address: string; readonly family: number }
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>

export type AddressGuard = {
  /** Why nothing may be sent to an address under this name; null: it may be. */
  readonly refusalOf: (host: string, address: string) => string | null
  /** True for a host that the operator named: it may be spoken to without TLS. */
  readonly isNamed: (host: string) => boolean
  /** Every address of the host, all of them checked; rejects with NotifierFailure when one is refused. */
  readonly addressesOf: (host: string) => Promise<readonly ResolvedAddress[]>
  /** For sockets: what it answers was checked, and is connected to without being resolved again. Not asked for literal addresses. */
  readonly lookup: LookupFunction
}

/** Registered as not globally reachable (IANA special-purpose address registries, read 2026-11-20), and one cloud's own host address. */
const CLOSED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
/** Of IPv6 only what is assigned as global unicast is open: what maps or translates IPv4 addresses lies outside, or is listed here. */
const OPEN_IPV6 = ['2000::/3']
const CLOSED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']
/** Instance metadata, multicast and broadcast: closed even to who names them. */
const NEVER = [
  '0.0.0.0/32',
  '169.254.0.0/16',
  '168.63.129.16/32',
  '224.0.0.0/4',
  '255.255.255.255/32',
  'fd00:ec2::/32',
  // the same, as translators write it
  '64:ff9b::a9fe:0/112',
  'fe80::/10',
  'ff00::/8',
  '::/128',
]

/** `allowed`: host names, addresses and CIDR ranges that are open although they are private. */
export function createAddressGuard(options: {
  readonly allowed: readonly string[]
  readonly resolve?: Resolve
}): AddressGuard {
  const ask: Resolve = options.resolve ?? ((host) => resolve(host, { all: true }))
  const ranges = options.allowed.filter((entry) => isIP(entry.split('/')[0] ?? '') !== 0)
  const names = new Set(options.allowed.filter((entry) => !ranges.includes(entry)).map(plainName))
  const allowed = listOf(ranges)
  const closedIpv4 = listOf(CLOSED_IPV4)
  const openIpv6 = listOf(OPEN_IPV6)
  const closedIpv6 = listOf(CLOSED_IPV6)
  const never = listOf(NEVER)

  const isOpen = (address: string): boolean =>
    isIP(address) === 4
      ? !closedIpv4.check(address, 'ipv4')
      : openIpv6.check(address, 'ipv6') && !closedIpv6.check(address, 'ipv6')
  const refusalOf = (host: string, address: string): string | null => {
    // a zone ("fe80::1%eth0") is never part of a public address
    if (isIP(address) === 0 || address.includes('%')) return `"${host}" has no usable address`
    if (holds(never, address)) return `"${host}" is at ${address}, which alerts are never sent to`
    if (isOpen(address) || names.has(plainName(host)) || holds(allowed, address)) return null
    return `"${host}" is at ${address}, which is not public; WEIGHBRIDGE_ALERT_ALLOWED_HOSTS can allow it`
  }
  const addressesOf = async (host: string): Promise<readonly ResolvedAddress[]> => {
    const addresses = isIP(host) === 0 ? await ask(host) : [{ address: host, family: isIP(host) }]
    if (addresses.length === 0) throw new NotifierFailure(`"${host}" has no address`)
    for (const { address } of addresses) {
      const refusal = refusalOf(host, address)
      if (refusal !== null) throw new NotifierFailure(refusal)
    }
    return addresses
  }
  return {
    refusalOf,
    isNamed: (host) => names.has(plainName(host)) || (isIP(host) !== 0 && holds(allowed, host)),
    addressesOf,
    lookup: (host, { all }, callback) => void answerLookup(addressesOf(host), all === true, callback),
  }
}

async function answerLookup(
  asked: Promise<readonly ResolvedAddress[]>,
  all: boolean,
  callback: Parameters<LookupFunction>[2],
): Promise<void> {
  const answer = await asked.catch((thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))))
  if (answer instanceof Error) {
    callback(answer, '')
    return
  }
  const [first] = answer
  if (all || first === undefined) callback(null, [...answer])
  else callback(null, first.address, first.family)
}

/** The host of a URL, or of what a person wrote, in its one plain form: numbers written in other ways become addresses. Null: it is none. */
export function plainHost(written: string): string | null {
  const isBare = isIP(written) === 6
  const text = `http://${isBare ? `[${written}]` : written}/`
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  if (url.port !== '' || url.username !== '' || url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return null
  return hostOf(url)
}

/** Without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1')

const plainName = (host: string): string => host.toLowerCase().replace(/\.$/, '')

const holds = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
    list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family)
  }
  return list
}
