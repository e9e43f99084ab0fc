// Adds to package-lock.json the packages of other platforms that a partial registry left out: node scripts/complete-lockfile.ts.
// npm leaves an optional package that it cannot fetch out of the lockfile, and then refuses the lockfile in `npm ci`, on every platform.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { completeLockfile } from './lockfile.ts'

const path = join(import.meta.dirname, '..', 'package-lock.json')
const { lock, added } = completeLockfile(JSON.parse(readFileSync(path, 'utf8')))
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`${added.length} added\n`)
