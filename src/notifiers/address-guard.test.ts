// Which addresses alerts may be sent to, under every way to write one.

import { describe, expect, it } from 'vitest'
import { createAddressGuard, hostOf, plainHost, type Resolve } from './address-guard.ts'

const guard = createAddressGuard({ allowed: [] })

describe('addresses', () => {
  it.each([
    ['this host', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback, elsewhere', '127.255.255.254'],
    ['private, 10', '10.1.2.3'],
    ['private, 172', '172.31.255.255'],
    ['private, 192', '192.168.0.1'],
    ['shared by carriers', '100.100.100.200'],
    ['link-local', '169.254.0.1'],
    ['instance metadata', '169.254.169.254'],
    ['container metadata', '169.254.170.2'],
    ["a cloud's host", '168.63.129.16'],
    ['protocol assignments', '192.0.0.192'],
    ['documentation', '203.0.113.9'],
    ['benchmarks', '198.19.0.1'],
    ['multicast', '224.0.0.251'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['IPv6 loopback', '::1'],
    ['mapped loopback', '::ffff:127.0.0.1'],
    ['mapped metadata', '::ffff:169.254.169.254'],
    ['mapped metadata in hex', '::ffff:a9fe:a9fe'],
    ['mapped, and public', '::ffff:8.8.8.8'],
    ['compatible', '::127.0.0.1'],
    ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
    ['NAT64, local', '64:ff9b:1::1'],
    ['6to4 of loopback', '2002:7f00:1::'],
    ['Teredo', '2001:0:1::1'],
    ['IPv6 documentation', '2001:db8::1'],
    ['unique local', 'fc00::1'],
    ['metadata over IPv6', 'fd00:ec2::254'],
    ['IPv6 link-local', 'fe80::1'],
    ['with a zone', 'fe80::1%eth0'],
    ['site-local', 'fec0::1'],
    ['IPv6 multicast', 'ff02::1'],
    ['segment routing', '5f00::1'],
    ['no address', 'localhost'],
  ])('%s is refused: %s', (_, address) => {
    expect(guard.refusalOf('host.example', address)).not.toBeNull()
  })

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.63.255.255', '100.128.0.1', '2600:1f18::1', '2a00:1450::1'])(
    '%s is public',
    (address) => {
      expect(guard.refusalOf('host.example', address)).toBeNull()
    },
  )
})

describe('hosts in a URL', () => {
  it.each([
    ['decimal', 'http://2130706433/', '127.0.0.1'],
    ['octal', 'http://0177.0.0.1/', '127.0.0.1'],
    ['hex', 'http://0x7f.0x0.0x0.0x1/', '127.0.0.1'],
    ['hex, whole', 'http://0xa9fea9fe/', '169.254.169.254'],
    ['short', 'http://127.1/', '127.0.0.1'],
    ['full-width digits', 'http://１６９.254.169.254/', '169.254.169.254'],
    ['circled digits', 'http://①②⑦.0.0.1/', '127.0.0.1'],
    ['percent-encoded', 'http://%31%36%39.254.169.254/', '169.254.169.254'],
    ['mapped', 'http://[::ffff:169.254.169.254]/', '::ffff:a9fe:a9fe'],
    ['a trailing dot', 'http://127.0.0.1./', '127.0.0.1'],
    ['behind a user', 'http://public.example@169.254.169.254/', '169.254.169.254'],
    ['behind a backslash', 'http://169.254.169.254\\@public.example/', '169.254.169.254'],
  ])('written in %s form are seen as what they are', (_, url, address) => {
    const host = hostOf(new URL(url))
    expect(host).toBe(address)
    expect(guard.refusalOf(host, host)).not.toBeNull()
  })

  it.each([
    ['mail.example.com', 'mail.example.com'],
    ['MAIL.Example.com', 'mail.example.com'],
    ['2130706433', '127.0.0.1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['a b', null],
    ['host:25', null],
    ['user@host', null],
    ['host/path', null],
    ['host?x', null],
    ['', null],
    ['0x', '0.0.0.0'],
  ])('%s, by itself, is %s', (written, plain) => {
    expect(plainHost(written)).toBe(plain)
  })
})

describe('names', () => {
  const answers =
    (...rounds: string[][]): Resolve =>
    async () =>
      (rounds.length > 1 ? (rounds.shift() ?? []) : (rounds[0] ?? [])).map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }))

  it('are refused when any of their addresses is closed, when they have none, and when they do not resolve', async () => {
    const asked = (...addresses: string[]) =>
      createAddressGuard({ allowed: [], resolve: answers(addresses) }).addressesOf('a.example')
    await expect(asked('8.8.8.8', '10.0.0.1')).rejects.toThrow('10.0.0.1, which is not public')
    await expect(asked()).rejects.toThrow('no address')
    expect(await asked('8.8.8.8')).toHaveLength(1)
    const unknown = createAddressGuard({ allowed: [], resolve: () => Promise.reject(new Error('ENOTFOUND')) })
    await expect(unknown.addressesOf('a.example')).rejects.toThrow('ENOTFOUND')
  })

  it('are resolved by the system as anybody would: localhost is loopback', async () => {
    await expect(guard.addressesOf('localhost')).rejects.toThrow('not public')
  })

  it('that answer differently the second time are judged anew each time', async () => {
    const rebinding = createAddressGuard({ allowed: [], resolve: answers(['8.8.8.8'], ['169.254.169.254']) })
    expect(await rebinding.addressesOf('a.example')).toEqual([{ address: '8.8.8.8', family: 4 }])
    await expect(rebinding.addressesOf('a.example')).rejects.toThrow('never sent to')
  })

  it('are handed to sockets as they were checked', async () => {
    const checked = createAddressGuard({ allowed: [], resolve: answers(['8.8.8.8', '1.1.1.1']) })
    const all = await new Promise((done) => checked.lookup('a', { all: true }, (_, addresses) => done(addresses)))
    expect(all).toHaveLength(2)
    const one = await new Promise((done) => checked.lookup('a', {}, (...answer) => done(answer)))
    expect(one).toEqual([null, '8.8.8.8', 4])
    const refused = await new Promise((done) => guard.lookup('localhost', { all: true }, (error) => done(error)))
    expect(refused).toBeInstanceOf(Error)
  })
})

describe('what the operator allows', () => {
  const allowing = (...allowed: string[]) => createAddressGuard({ allowed })

  it.each<[string, string, string, boolean]>([
    ['an address', 'host', '10.1.2.3', true],
    ['an address beside it', 'host', '10.1.2.4', false],
    ['a range', 'host', '172.16.200.1', true],
    ['a name', 'hooks.internal', '192.168.1.1', true],
    ['a name in capitals, with a dot', 'HOOKS.internal.', '192.168.1.1', true],
    ['a name below it', 'evil.hooks.internal', '192.168.1.1', false],
    ['an IPv6 range', 'host', 'fd12::1', true],
    ['metadata, even so', 'hooks.internal', '169.254.169.254', false],
    ['metadata in other clothes', 'hooks.internal', '::ffff:169.254.169.254', false],
    ['metadata through NAT64', 'hooks.internal', '64:ff9b::a9fe:a9fe', false],
    ['metadata over IPv6', 'hooks.internal', 'fd00:ec2::254', false],
  ])('%s', (_, host, address, open) => {
    const some = allowing('10.1.2.3', '172.16.0.0/16', '172.16.0.0/12', 'fd12::/16', 'Hooks.Internal')
    expect(some.refusalOf(host, address) === null).toBe(open)
  })

  it('may be spoken to in clear, and nothing else may', () => {
    const some = allowing('127.0.0.0/8', 'hooks.internal')
    expect(['127.0.0.1', 'hooks.internal', '8.8.8.8', 'localhost'].map(some.isNamed)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})
