// Groups of AWS regions, so that a price table can name many at once. A region outside of a row's groups has no price by that row.

export const REGION_GROUPS: { readonly [name: string]: readonly string[] | undefined } = {
  /** the three in the United States that share every price seen so far */
  us: ['us-east-1', 'us-east-2', 'us-west-2'],
  gov: ['us-gov-west-1', 'us-gov-east-1'],
  /** where requests to EU profiles may start (Bedrock user guide, "Supported Regions for inference profiles", 2026-10) */
  eu: ['eu-central-1', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-3'],
  /** where requests to APAC profiles may start (same page) */
  apac: [
    'ap-northeast-1',
    'ap-northeast-2',
    'ap-northeast-3',
    'ap-south-1',
    'ap-south-2',
    'ap-southeast-1',
    'ap-southeast-2',
    'ap-southeast-4',
  ],
  /** where open-weight models of 2026 cost a fifth more than in the United States (LiteLLM price map, 2026-07-24) */
  fifthDearer: [
    'ap-northeast-1',
    'ap-south-1',
    'ap-southeast-3',
    'eu-central-1',
    'eu-north-1',
    'eu-south-1',
    'eu-west-1',
    'sa-east-1',
  ],
}
