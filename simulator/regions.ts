// Where inference profiles route to: the regions behind each routing prefix, as far as the simulator needs them.

const DESTINATIONS: Readonly<Record<string, readonly string[]>> = {
  us: ['us-east-1', 'us-east-2', 'us-west-2'],
  eu: ['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-3'],
  apac: ['ap-northeast-1', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2'],
  jp: ['ap-northeast-1', 'ap-northeast-3'],
  au: ['ap-southeast-2', 'ap-southeast-4'],
  in: ['ap-south-1', 'ap-south-2'],
  ca: ['ca-central-1', 'ca-west-1'],
  sa: ['sa-east-1'],
  'us-gov': ['us-gov-east-1', 'us-gov-west-1'],
}

/** The model ARNs of a profile. A global profile names the calling region, and the model without any region. */
export function profileModels(routing: string, baseModel: string, region: string): { modelArn: string }[] {
  const regions = routing === 'global' ? [region, ''] : (DESTINATIONS[routing] ?? [region])
  return regions.map((one) => ({ modelArn: `arn:aws:bedrock:${one}::foundation-model/${baseModel}` }))
}

/** Whether a caller in this region sees profiles of this prefix. */
export function visibleIn(routing: string, region: string): boolean {
  return routing === 'global' || (DESTINATIONS[routing] ?? []).includes(region)
}
