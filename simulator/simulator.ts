// Everything that one simulator remembers while it runs; made once per start, so that two in one process never meet.
import type { Credentials } from './authenticate.ts'
import type { Bill } from './bill.ts'
import type { InvocationLog } from './invocation-log.ts'
import type { ModelTable } from './models.ts'
import type { PromptCache } from './prompt-cache.ts'
import type { Resources } from './resources.ts'
import type { Scenario } from './scenario.ts'
import type { Sessions } from './sessions.ts'

export type Simulator = {
  credentials: Credentials
  models: ModelTable
  resources: Resources
  sessions: Sessions
  bill: Bill
  cache: PromptCache
  /** may be replaced while it runs */
  scenario: Scenario
  log: InvocationLog | null
  /** milliseconds since 1970 */
  now(): number
  newRequestId(): string
  /** generated tokens per second; 0: as fast as possible */
  tokensPerSecond: number
  /** what AWS does with a stream that its client left: bills all that it would have generated, or what it had generated */
  onDisconnect: 'finish' | 'stop'
  /** forgets bill, caches and everything that was created */
  reset(): void
  setScenario(scenario: Scenario): void
}
