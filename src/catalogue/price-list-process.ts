// The process that reads one AWS Price List file from its standard input, answers its parent, and is done.

import { readPriceListStream, type PriceListReading } from './aws-price-list.ts'

export type PriceListReply = { readonly reading: PriceListReading } | { readonly refused: string }

async function read(): Promise<PriceListReply> {
  try {
    return { reading: await readPriceListStream(process.stdin) }
  } catch (thrown) {
    if (thrown instanceof RangeError || thrown instanceof SyntaxError) return { refused: thrown.message }
    throw thrown
  }
}

if (process.send !== undefined) {
  const reply = await read()
  process.send(reply, () => process.disconnect())
}
