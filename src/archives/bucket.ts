// A folder of an S3 bucket as a place for files that never change: a name is taken once, and other content under it is an error.

import type * as Sdk from '@aws-sdk/client-s3'

export type Bucket = {
  /** Safe to repeat. Rejects when the name has other content. */
  keep(name: string, file: Uint8Array): Promise<void>
  /** Whatever was under the name goes. */
  replace(name: string, file: Uint8Array): Promise<void>
  remove(name: string): Promise<void>
}

export type BucketOptions = {
  readonly bucket: string
  /** ends in a slash, or is empty */
  readonly prefix: string
  readonly region: string
  /** null: AWS's own */
  readonly endpoint: string | null
  readonly credentials: NonNullable<Sdk.S3ClientConfig['credentials']>
}

const TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 60_000 }

export function openBucket({ bucket, prefix, region, endpoint, credentials }: BucketOptions): Bucket {
  let opened: Promise<{ readonly sdk: typeof Sdk; readonly client: Sdk.S3Client }> | null = null
  const open = () => {
    // loaded when there is something to keep: who has no bucket never pays for it
    opened ??= import('@aws-sdk/client-s3').then((sdk) => ({
      sdk,
      client: new sdk.S3Client({
        region,
        credentials,
        maxAttempts: 3,
        requestHandler: TIMEOUTS,
        ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      }),
    }))
    return opened
  }
  const put = async (name: string, file: Uint8Array, condition: object): Promise<void> => {
    const { sdk, client } = await open()
    const ContentType = name.endsWith('.csv') ? 'text/csv; charset=utf-8' : 'application/vnd.apache.parquet'
    await client.send(
      new sdk.PutObjectCommand({ Bucket: bucket, Key: prefix + name, Body: file, ContentType, ...condition }),
    )
  }
  return {
    async keep(name, file) {
      try {
        await put(name, file, { IfNoneMatch: '*' })
      } catch (thrown) {
        if (statusOf(thrown) !== 412) throw thrown
        const { sdk, client } = await open()
        const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: prefix + name }))
        const there = await Body?.transformToByteArray()
        if (there === undefined || Buffer.compare(there, file) !== 0)
          throw new Error(
            `s3://${bucket}/${prefix}${name} is there already, with other content; it is not overwritten`,
            {
              cause: thrown,
            },
          )
      }
    },
    replace: (name, file) => put(name, file, {}),
    async remove(name) {
      const { sdk, client } = await open()
      await client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: prefix + name }))
    },
  }
}

/** S3 answers a condition that does not hold with 412, and two writers at once with 409, which is tried again. */
const statusOf = (thrown: unknown): number | undefined =>
  (thrown as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
