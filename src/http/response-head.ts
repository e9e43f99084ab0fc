// The head of an HTTP/1.1 response: status, headers, and how its body is delimited; null for anything that leaves room for doubt.

export type ResponseHead = {
  readonly status: number
  /** flat: name, value, …; names in lower case, values as latin1 without the blanks around them */
  readonly headers: readonly string[]
  readonly framing: 'none' | 'length' | 'chunked' | 'until_close'
  /** of a body with a length */
  readonly length: number
  /** the connection may serve another request afterwards */
  readonly keepsAlive: boolean
  /** how long the other side says that it keeps an idle connection; null: it does not say */
  readonly keepAliveSeconds: number | null
}

/**
 * Strict where parsers could disagree (RFC 9112 sections 5 and 6): no line folding, no blank before a colon, no control characters, no
 * length beside a transfer coding, no second length, no coding but chunked. `text`: the lines without the blank one, as latin1.
 */
export function parseResponseHead(text: string, method: string): ResponseHead | null {
  const lines = text.split('\r\n')
  const status = STATUS_LINE.exec(lines[0] as string)
  if (status === null) return null
  const headers = headersOf(lines)
  if (headers === null) return null
  const said = new Said(status[1] === '1')
  for (let index = 0; index < headers.length; index += 2) {
    if (!said.hear(headers[index] as string, headers[index + 1] as string)) return null
  }
  return headOf(Number(status[2]), headers, said, method)
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/

function headersOf(lines: readonly string[]): string[] | null {
  const headers: string[] = []
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] as string
    const colon = line.indexOf(':')
    if (colon === -1) return null
    const name = line.slice(0, colon)
    const value = trimmed(line, colon + 1)
    if (!NAME.test(name) || CONTROL.test(value)) return null
    headers.push(name.toLowerCase(), value)
  }
  return headers
}

/** What the headers say of the body and the connection. */
class Said {
  length: number | null = null
  chunked = false
  keepsAlive: boolean
  keepAliveSeconds: number | null = null

  constructor(isVersion11: boolean) {
    this.keepsAlive = isVersion11
  }

  /** False: it contradicts what was said before, or is not understood and would have to be. */
  hear(name: string, value: string): boolean {
    switch (name) {
      case 'content-length':
        return this.#hearLength(value)
      case 'transfer-encoding':
        if (this.chunked || value.toLowerCase() !== 'chunked') return false
        this.chunked = true
        return true
      case 'connection':
        this.#hearConnection(value.toLowerCase())
        return true
      case 'keep-alive':
        this.keepAliveSeconds = Number(TIMEOUT.exec(value)?.[1] ?? Number.NaN)
        if (Number.isNaN(this.keepAliveSeconds)) this.keepAliveSeconds = null
        return true
      default:
        return true
    }
  }

  #hearLength(value: string): boolean {
    const length = DIGITS.test(value) ? Number(value) : Number.NaN
    if (this.length !== null || !Number.isSafeInteger(length)) return false
    this.length = length
    return true
  }

  #hearConnection(value: string): void {
    if (value === 'keep-alive') this.keepsAlive = true
    else if (value.includes('close')) this.keepsAlive = false
  }
}

const DIGITS = /^\d{1,16}$/
const TIMEOUT = /timeout=(\d{1,6})/i

function headOf(status: number, headers: readonly string[], said: Said, method: string): ResponseHead | null {
  if (said.chunked && said.length !== null) return null
  const { keepsAlive, keepAliveSeconds } = said
  const rest = { status, headers, length: said.length ?? 0, keepsAlive, keepAliveSeconds }
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return { ...rest, framing: 'none' }
  if (said.chunked) return { ...rest, framing: 'chunked' }
  if (said.length !== null) return { ...rest, framing: said.length === 0 ? 'none' : 'length' }
  return { ...rest, framing: 'until_close', keepsAlive: false }
}

function trimmed(line: string, from: number): string {
  let start = from
  let end = line.length
  while (start < end && isBlank(line.charCodeAt(start))) start += 1
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1
  return line.slice(start, end)
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09
