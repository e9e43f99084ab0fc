// A request as it goes over an HTTP/1.1 connection: nothing in it can end a line before its time.

export type ClientRequest = {
  readonly method: string
  /** path and query as they are to be sent */
  readonly path: string
  /** flat; names in lower case, without host, content-length and whatever is about the connection */
  readonly headers: readonly string[]
  readonly body: Buffer | null
}

/** `head`: as latin1, with a small body behind it; `body`: what follows it. */
export type EncodedRequest = { readonly method: string; readonly head: string; readonly body: Buffer | null }

/** Throws TypeError for what may stand in no request. */
export function encodeRequest({ method, path, headers, body }: ClientRequest, host: string): EncodedRequest {
  if (!METHOD.test(method) || !PATH.test(path)) throw new TypeError('the method or path of a request cannot be sent')
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] as string
    const value = headers[index + 1] as string
    if (!NAME.test(name) || CONTROL.test(value)) throw new TypeError(`the header ${name.slice(0, 40)} cannot be sent`)
    head += `${name}: ${value}\r\n`
  }
  if (body === null) {
    return { method, head: BODILESS.has(method) ? `${head}\r\n` : `${head}content-length: 0\r\n\r\n`, body }
  }
  head += `content-length: ${body.length}\r\n\r\n`
  // one string leaves in one system call without a buffer of its own; a large one would be copied for nothing
  if (body.length > ONE_STRING_BYTES) return { method, head, body }
  return { method, head: head + body.toString('latin1'), body: null }
}

const METHOD = /^[A-Z]+$/
const PATH = /^\/[\x21-\x7e\x80-\xff]*$/
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/
const BODILESS = new Set(['GET', 'HEAD'])
const ONE_STRING_BYTES = 8_192
