// Images and files that stand in a request as data, as the blocks of Converse.

import { InvalidField } from './fields.ts'
import type { DocumentBlock, ImageBlock } from './types.ts'

const IMAGE_FORMATS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/gif': 'gif',
  'image/webp': 'webp',
}

const DOCUMENT_FORMATS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
}

const LONGEST_DOCUMENT_NAME = 200
const NOT_IN_A_NAME = /[^A-Za-z0-9\-()[\] ]/g
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

export type DataUrl = { readonly mediaType: string; readonly base64: string }

/** null: it is not a data URL in base64. */
export function readDataUrl(url: string): DataUrl | null {
  const comma = url.startsWith('data:') ? url.indexOf(',') : -1
  if (comma === -1) return null
  const [mediaType = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  return parameters.includes('base64') ? { mediaType: mediaType.toLowerCase(), base64: url.slice(comma + 1) } : null
}

export function imageOf({ mediaType, base64 }: DataUrl, field: string): ImageBlock {
  const format = Object.hasOwn(IMAGE_FORMATS, mediaType) ? IMAGE_FORMATS[mediaType] : undefined
  if (format === undefined)
    throw new InvalidField(field, `must be a PNG, JPEG, GIF or WebP image, and not "${mediaType.slice(0, 100)}".`)
  return { image: { format, source: { bytes: checked(base64, field) } } }
}

export function documentOf({ mediaType, base64 }: DataUrl, filename: string, field: string): DocumentBlock {
  const format = Object.hasOwn(DOCUMENT_FORMATS, mediaType) ? DOCUMENT_FORMATS[mediaType] : formatOfName(filename)
  if (format === undefined) throw new InvalidField(field, `is of a type that Bedrock does not read as a document.`)
  return { document: { name: documentName(filename), format, source: { bytes: checked(base64, field) } } }
}

function formatOfName(filename: string): string | undefined {
  const extension = filename.slice(filename.lastIndexOf('.') + 1).toLowerCase()
  return Object.values(DOCUMENT_FORMATS).find((format) => format === extension)
}

/** Letters, digits, single spaces, hyphens and brackets are what Bedrock takes (API_runtime_DocumentBlock). */
export function documentName(filename: string): string {
  const name = filename.replaceAll(NOT_IN_A_NAME, ' ').replaceAll(/ {2,}/g, ' ').trim().slice(0, LONGEST_DOCUMENT_NAME)
  return name === '' ? 'document' : name
}

function checked(base64: string, field: string): string {
  if (!BASE64.test(base64)) throw new InvalidField(field, 'holds data that is not base64.')
  return base64
}
