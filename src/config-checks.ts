// The checks of settings: each takes the text of a value and returns the value, or throws RangeError with words that follow a name.

import { isTimeZone } from './core/window.ts'

export type Check<Value> = (text: string) => Value

export function whole(from: number, to: number): Check<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= from && value <= to)) throw new RangeError(`must be a whole number from ${from} to ${to}`)
    return value
  }
}

export function oneOf<const Choice extends string>(choices: readonly Choice[]): Check<Choice> {
  return (text) => {
    const choice = choices.find((candidate) => candidate === text)
    if (choice === undefined) throw new RangeError(`must be one of ${choices.join(', ')}`)
    return choice
  }
}

/** Printable ASCII without spaces. */
export function plain(longest: number): Check<string> {
  return (text) => {
    if (text.length > longest || !/^[!-~]+$/.test(text)) {
      throw new RangeError(`must be plain text without spaces, of at most ${longest} characters`)
    }
    return text
  }
}

export function credential(shortest: number): Check<string> {
  return (text) => {
    if (text.length < shortest || text.length > 4_096 || !/^[!-~]+$/.test(text)) {
      throw new RangeError(`must be plain text without spaces, of ${shortest} to 4096 characters`)
    }
    return text
  }
}

export function path(): Check<string> {
  return (text) => {
    if (text.includes('\0') || text.length > 4_096) throw new RangeError('must be a path')
    return text
  }
}

export function origin(): Check<string> {
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : null
    const web = url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
    if (!web || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
      throw new RangeError('must be an http or https URL without user, query or fragment')
    }
    return text.replace(/\/+$/, '')
  }
}

export function region(): Check<string> {
  return (text) => {
    if (!isRegion(text)) throw new RangeError('must be an AWS region such as us-east-1')
    return text
  }
}

function isRegion(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z]{2}(?:-[a-z]{2,12}){1,2}-\d$/.test(text)
}

export function timeZone(): Check<string> {
  return (text) => {
    if (!isTimeZone(text)) throw new RangeError('must be a time zone such as UTC or Europe/Berlin')
    return text
  }
}

export function roleArn(): Check<string> {
  return (text) => {
    if (!/^arn:aws[a-z-]{0,12}:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/.test(text)) {
      throw new RangeError('must be the ARN of an IAM role')
    }
    return text
  }
}

export function regionByModel(most: number): Check<Readonly<Record<string, string>>> {
  return (text) => {
    const words = 'must be a JSON object from globs over model ids to AWS regions'
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw new RangeError(words)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RangeError(words)
    const entries = Object.entries(value)
    if (entries.length > most) throw new RangeError(`holds more than ${most} globs`)
    if (!entries.every(([glob, named]) => glob !== '' && isRegion(named))) throw new RangeError(words)
    return Object.freeze(Object.fromEntries(entries) as Record<string, string>)
  }
}

/** Keys as Bedrock allows them in requestMetadata (1 to 256 of its characters), without the comma. */
export function keyList(most: number): Check<readonly string[]> {
  return (text) => {
    const keys = text === '' ? [] : text.split(',').map((key) => key.trim())
    if (keys.length > most) throw new RangeError(`holds more than ${most} keys`)
    if (!keys.every((key) => /^[\w\s:@$#=/+.-]{1,256}$/.test(key))) {
      throw new RangeError('must be metadata keys separated by commas')
    }
    return Object.freeze([...new Set(keys)])
  }
}

/** Some of a few names, separated by commas. */
export function someOf<Name extends string>(names: readonly Name[]): Check<readonly Name[]> {
  return (text) => {
    const said = text.split(',').map((name) => name.trim())
    const found = names.filter((name) => said.includes(name))
    if (found.length !== said.length)
      throw new RangeError(`must be some of ${names.join(', ')}, separated by commas, each once`)
    return Object.freeze(found)
  }
}

/** Of an S3 bucket and a folder in it: s3://bucket or s3://bucket/folder (naming rules of the S3 user guide, read 2026-11). */
export function bucket(): Check<{ readonly bucket: string; readonly prefix: string }> {
  return (text) => {
    const [, name, folder = ''] =
      /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w!.*'()/-]{0,512}))?$/.exec(text) ?? []
    if (name === undefined) throw new RangeError('must be an S3 bucket, such as s3://costs or s3://costs/weighbridge')
    return Object.freeze({ bucket: name, prefix: folder === '' || folder.endsWith('/') ? folder : `${folder}/` })
  }
}

const LOG_GROUP = /^cloudwatch:[\w./#-]{1,512}$/

/** Where records of calls go: a path, "stdout", a URL, or cloudwatch:<log group> (CreateLogGroup, API reference, read 2026-11). */
export function recordsPlace(): Check<string> {
  const check = path()
  return (text) => {
    if (text.startsWith('cloudwatch:') && !LOG_GROUP.test(text))
      throw new RangeError('names no log group: cloudwatch: is followed by up to 512 letters, digits and . - _ / #')
    return check(text)
  }
}

/** Origins of web pages as browsers send them, such as https://app.example.com, separated by commas. */
export function originList(most: number): Check<readonly string[]> {
  return (text) => {
    const origins = text === '' ? [] : text.split(',').map((each) => each.trim())
    if (origins.length > most) throw new RangeError(`holds more than ${most} origins`)
    const wrong = origins.find((each) => !URL.canParse(each) || new URL(each).origin !== each)
    if (wrong === undefined) return Object.freeze(origins)
    throw new RangeError(
      `must be origins such as https://app.example.com, separated by commas, letter by letter as browsers send them; "${wrong.slice(0, 80)}" is none`,
    )
  }
}

/** Host names, addresses and CIDR ranges, separated by commas. */
export function hostList(most: number): Check<readonly string[]> {
  return (text) => {
    const hosts = text === '' ? [] : text.split(',').map((host) => host.trim())
    if (hosts.length > most) throw new RangeError(`holds more than ${most} hosts`)
    if (!hosts.every(isHostOrRange)) {
      throw new RangeError('must be host names, addresses or CIDR ranges such as 10.0.0.0/8, separated by commas')
    }
    return Object.freeze(hosts)
  }
}

function isHostOrRange(text: string): boolean {
  const [, host = '', bits] = /^([A-Za-z0-9.:_-]{1,253})(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const isIpv6 = host.includes(':')
  if (host === '' || !URL.canParse(`http://${isIpv6 ? `[${host}]` : host}/`)) return false
  return (
    bits === undefined || (Number(bits) <= (isIpv6 ? 128 : 32) && (isIpv6 || /^(?:\d{1,3}\.){3}\d{1,3}$/.test(host)))
  )
}

export function notBuilt(words: string): Check<string> {
  return () => {
    throw new RangeError(`cannot be used: ${words}`)
  }
}
