// The settings as a command sees them: what is wrong with them is a failure of the command line.

import { ConfigError, loadConfig, type Config } from '../config.ts'
import { usage } from './failure.ts'

export function loadedConfig(world: {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly readFile: (path: string) => Buffer
}): Config {
  try {
    return loadConfig(world.environment, (path) => world.readFile(path).toString('utf8'))
  } catch (thrown) {
    throw thrown instanceof ConfigError ? usage(thrown.message) : thrown
  }
}
