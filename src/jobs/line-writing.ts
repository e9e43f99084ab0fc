// The two ways in which logs leave: appended to a file until it is on the disk, or posted to an address that says that it took them.

import { open } from 'node:fs/promises'

const HTTP_TIMEOUT_MILLISECONDS = 10_000

export const linesText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** Resolves when the lines are on the disk, with the size of the file. Only this user may read it. */
export async function appendLines(path: string, lines: readonly string[]): Promise<number> {
  const file = await open(path, 'a', 0o600)
  try {
    await file.appendFile(linesText(lines))
    await file.sync()
    return (await file.stat()).size
  } finally {
    await file.close()
  }
}

/** `permanent`: it will never be taken, however often it is sent. */
export class PostRefused extends Error {
  readonly permanent: boolean

  constructor(status: number) {
    super(`the sink answered ${status}`)
    this.name = 'PostRefused'
    this.permanent = status >= 400 && status < 500 && !MAY_PASS.has(status)
  }
}

/** Refusals of 4xx that are about now, or about credentials that an operator will mend, and not about what was sent. */
const MAY_PASS = new Set([401, 403, 404, 407, 408, 425, 429])

/** What was not answered with 2xx was not taken. No redirect is followed. */
export async function postText(
  send: typeof fetch,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<void> {
  const response = await send(url, {
    method: 'POST',
    redirect: 'error',
    headers,
    body,
    signal: AbortSignal.timeout(HTTP_TIMEOUT_MILLISECONDS),
  })
  await response.body?.cancel()
  if (!response.ok) throw new PostRefused(response.status)
}
