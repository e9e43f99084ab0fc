// Starts the benchmark's processes on their cores and reads what they used.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export type Running = {
  readonly pid: number
  /** the line that the process printed when it was ready */
  readonly ready: string
  stop(): Promise<void>
}

const TICKS_PER_SECOND = 100
const START_MILLISECONDS = 30_000

export const canPin = (): boolean => spawnSync('taskset', ['--version']).status === 0

export function pinSelf(core: number): void {
  spawnSync('taskset', ['-acp', String(core), String(process.pid)])
}

/** Runs bench/<file> pinned to a core, with flags of node, and waits for its first line. */
export function run(
  file: string,
  core: number,
  words: readonly string[],
  flags: readonly string[] = [],
): Promise<Running> {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const pinned = canPin() ? ['taskset', '-c', String(core)] : []
  const [command = process.execPath, ...rest] = [...pinned, process.execPath, ...flags, script, ...words]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} did not start`)), START_MILLISECONDS)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${file} ended with code ${String(code)}`)))
    createInterface({ input: child.stdout }).once('line', (ready) => {
      clearTimeout(timer)
      resolve({ pid: child.pid ?? 0, ready, stop: () => stop(child) })
    })
  })
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const kill = setTimeout(() => child.kill('SIGKILL'), 10_000)
    child.once('exit', () => {
      clearTimeout(kill)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

/** CPU seconds of a process with all its threads (Linux: fields 14 and 15 of /proc/pid/stat, in 1/100 s). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

export function residentMebibytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024
}
