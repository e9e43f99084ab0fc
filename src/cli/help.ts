// Help at every level, made from the table of commands.

import { isGroup, withJson, type Command, type Group, type Option } from './command.ts'

const PROGRAM = 'npm run wb --'

export function helpOf(node: Command | Group, path: readonly string[]): string {
  return isGroup(node) ? groupHelp(node, path) : commandHelp(node, path)
}

function groupHelp({ words, commands }: Group, path: readonly string[]): string {
  const rows = Object.entries(commands).map(([name, node]) => [name, node.words.split(/(?<=\.)\s/)[0] ?? ''] as const)
  return [
    words,
    '',
    `Usage: ${[PROGRAM, ...path].join(' ')} <command>`,
    '',
    'Commands:',
    ...columns(rows),
    '',
    `${[PROGRAM, ...path].join(' ')} <command> --help says more of each.`,
    '',
  ].join('\n')
}

function commandHelp(command: Command, path: readonly string[]): string {
  const { words, positionals, options } = withJson(command)
  const lines = [words, '', `Usage: ${usageLine(command, path)}`, '']
  if (positionals.length > 0) {
    lines.push('Arguments:', ...columns(positionals.map(({ name, words: meaning }) => [`<${name}>`, meaning])), '')
  }
  const rows = Object.entries(options).map(([name, option]) => optionRow(name, option))
  lines.push('Options:', ...columns([...rows, ['--help', 'this']]), '')
  return lines.join('\n')
}

export function usageLine({ positionals, options }: Command, path: readonly string[]): string {
  const needed = Object.entries(options).filter(([, option]) => option.required)
  return [
    PROGRAM,
    ...path,
    ...positionals.map(({ name, optional }) => (optional ? `[${name}]` : `<${name}>`)),
    ...needed.map(([name, option]) => `--${name} <${option.form}>`),
    ...(Object.keys(options).length > needed.length ? ['[options]'] : []),
  ].join(' ')
}

export function optionRow(name: string, option: Option): readonly [string, string] {
  const value = option.kind === 'flag' ? '' : ` <${option.form ?? 'value'}>`
  const again = option.kind === 'list' ? '; may be repeated' : ''
  return [`--${name}${value}`, `${option.words}${again}`]
}

const WIDEST_NAME = 34

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.min(WIDEST_NAME, Math.max(...rows.map(([name]) => name.length)))
  return rows.map(([name, words]) => `  ${name.padEnd(width)}  ${words}`)
}
