// Writes docs/reference anew: npm run docs.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { referencePages } from './reference.ts'

const root = join(import.meta.dirname, '..')
for (const [path, text] of referencePages()) writeFileSync(join(root, path), text)
