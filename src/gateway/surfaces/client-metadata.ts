// What clients say of themselves in headers of their own, by whatever surface they call: kept as attribution where the operator wants it.

export type Header = (name: string) => string | undefined

/** Header and key of the metadata. Claude Code names its session, and the agent that calls inside it (its manual, 2026-08). */
const NAMED_BY_HEADER = [
  ['x-claude-code-session-id', 'claude_code_session_id'],
  ['x-claude-code-agent-id', 'claude_code_agent_id'],
  ['x-claude-code-parent-agent-id', 'claude_code_parent_agent_id'],
] as const

const LONGEST_VALUE = 256

/** null: the client says nothing of itself. */
export function clientMetadata(header: Header): Readonly<Record<string, string>> | null {
  let metadata: Record<string, string> | null = null
  for (const [name, key] of NAMED_BY_HEADER) {
    const value = header(name)
    if (value !== undefined) (metadata ??= {})[key] = value.slice(0, LONGEST_VALUE)
  }
  return metadata
}
