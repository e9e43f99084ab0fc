// Sends an answer with the faults that were asked for; the bill is written before its last byte leaves: who saw the end finds it billed.
import type { Answer, Call } from './call.ts'
import { deliverPlain } from './deliver-plain.ts'
import { deliverStream } from './deliver-stream.ts'
import { number } from './play.ts'
import type { Wire } from './wire.ts'

const UNSOLICITED =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 22\r\n\r\n{"message":"unasked!"}'

export async function deliver(call: Call, answer: Answer, wire: Wire): Promise<void> {
  if (answer.kind === 'plain') await deliverPlain(call, answer, wire)
  else await deliverStream(call, answer, wire)
  const extra = call.faults.find('extra_bytes')
  if (extra !== undefined) setTimeout(() => wire.inject(UNSOLICITED), number(extra, 'ms')).unref()
}
