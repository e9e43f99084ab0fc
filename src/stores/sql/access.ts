// Access policies as JSON text; what a stored one does not say, it says as if by default.

import { NO_ACCESS_POLICY, type AccessPolicy } from '../../core/access.ts'

export const accessToJson = (access: AccessPolicy): string => JSON.stringify(access)

export const accessFromJson = (json: string): AccessPolicy => ({
  ...NO_ACCESS_POLICY,
  ...(JSON.parse(json) as Partial<AccessPolicy>),
})
