// The pages of docs/reference, each made from the table in the code that it describes.

import { describeAdminApi } from '../src/admin/reference.ts'
import { describeCommands } from '../src/cli/reference.ts'
import { describeSettings } from '../src/config.ts'
import { ERRORS } from '../src/core/errors.ts'
import { describeReports } from '../src/reports/reference.ts'

/** Text by path from the root. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/settings.md', settingsPage()],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/admin-api.md', describeAdminApi()],
    ['docs/reference/cli.md', describeCommands()],
    ['docs/reference/reports.md', describeReports()],
  ])
}

const MADE = '<!-- Made from the code by `npm run docs`; edit the table there. -->'

function settingsPage(): string {
  return `# Settings

${MADE}

Every setting is read once, at the start. The environment wins over the YAML file that \`WEIGHBRIDGE_CONFIG\` names; an empty
variable counts as unset. Names that are no setting are refused, in the environment (where they begin with \`WEIGHBRIDGE_\`) and in
the file. All problems are told at once, and the process ends with status 1. Numbers carry their unit in the name.

${describeSettings()}

In the file, lists and mappings may be written as YAML:

\`\`\`yaml
port: 8787
metadata_keys: [team, project]
region_by_model:
  "eu.*": eu-central-1
  "*": us-east-1
\`\`\`
`
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, retryable, message }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${message} |`,
  )
  return `# Errors

${MADE}

Everything that the gateway itself can refuse or fail with. The status is the one of the native Bedrock surface; every surface says
the error in its own dialect. An answer often carries more words than stand here: which limit, whose, what is left, when it ends.
What Bedrock refuses is passed on as it came. \`retryable\` says whether the same request can succeed later without a change.

| Code | Status | Retryable | Words |
|---|---|---|---|
${rows.join('\n')}
`
}
