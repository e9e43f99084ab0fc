// The double of S3 takes what the SDK sends, in each way in which it sends it, and refuses what S3 refuses.

import { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startObjectStore, type ObjectStore } from './object-store.ts'

const Bucket = 'costs'

let store: ObjectStore
let client: S3Client

beforeAll(async () => {
  store = await startObjectStore([Bucket])
  client = new S3Client({
    endpoint: store.url,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'AKIASIMULATOR000001', secretAccessKey: 'simulator-secret' },
  })
})

afterAll(async () => {
  client.destroy()
  await store.close()
})

const put = (Key: string, Body: Buffer | Readable, over: object = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...over }))

describe('the double of S3', () => {
  it('keeps a file, lists it, gives it back and lets it go', async () => {
    await put('a/b.csv', Buffer.from('one,two\n'))
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/' }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a/b.csv'])
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a/b.csv' }))
    expect(await Body?.transformToString()).toBe('one,two\n')
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a/b.csv' }))
    await expect(client.send(new GetObjectCommand({ Bucket, Key: 'a/b.csv' }))).rejects.toThrow('does not exist')
  })

  it('decodes a stream in chunks, whose checksum comes in a trailer', async () => {
    const whole = Buffer.alloc(200_000, 'weighbridge ')
    await put('stream', Readable.from([whole.subarray(0, 70_000), whole.subarray(70_000)]), {
      ContentLength: whole.length,
    })
    expect(store.objects.get(`${Bucket}/stream`)?.body.equals(whole)).toBe(true)
  })

  it('refuses a second file under a name where the first is wanted, a wrong checksum, and a bucket that there is not', async () => {
    await put('once', Buffer.from('first'), { IfNoneMatch: '*' })
    await expect(put('once', Buffer.from('second'), { IfNoneMatch: '*' })).rejects.toThrow('pre-conditions')
    expect(store.objects.get(`${Bucket}/once`)?.body.toString()).toBe('first')
    await expect(put('wrong', Buffer.from('x'), { ChecksumCRC32: 'AAAAAA==' })).rejects.toThrow('did not match')
    await expect(put('x', Buffer.from('x'), { Bucket: 'nobodys' })).rejects.toThrow('does not exist')
  })
})
