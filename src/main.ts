// The process: `node src/main.ts` serves with the settings of the environment.

import { serve } from './serve.ts'

await serve()
