// What follows a write: the data plane works with it before the answer says that it happened.

import type { AdminDependencies } from './dependencies.ts'

/** The write itself is done: when the news does not arrive, the data plane still finds it by itself, and the failure is told. */
export async function makeEffective(deps: AdminDependencies): Promise<void> {
  try {
    await deps.changed()
  } catch (thrown) {
    deps.onFailure(thrown, 'change')
  }
}
