// Prices of Anthropic's Claude models. Equal in all commercial regions; current models cost a tenth more in-region or by geography.

import type { Price } from '../../core/price-book.ts'
import { priceTable } from '../price-table.ts'

export const CLAUDE_PRICES: readonly Price[] = [
  ...priceTable`
    model                                        routing   in    out    read   write5m  write1h  also   source
    anthropic.claude-fable-5-1                   global    10    50     0.25   12.5     20       -      collectedRule
    anthropic.claude-fable-5-1                   regional  11    55     0.275  13.75    22       -      collectedRule
    anthropic.claude-fable-5                     global    10    50     1      12.5     20       -      page
    anthropic.claude-fable-5                     regional  11    55     1.1    13.75    22       -      page
    anthropic.claude-opus-5-5                    global    4     20     0.2    5        8        -      collected
    anthropic.claude-opus-5-5                    regional  4.4   22     0.22   5.5      8.8      -      collected
    anthropic.claude-opus-5                      global    5     25     0.5    6.25     10       -      collectedRule
    anthropic.claude-opus-5                      regional  5.5   27.5   0.55   6.875    11       -      collectedRule
    anthropic.claude-opus-4-8                    global    5     25     0.5    6.25     10       -      page
    anthropic.claude-opus-4-8                    regional  5.5   27.5   0.55   6.875    11       -      page
    anthropic.claude-opus-4-7                    global    5     25     0.5    6.25     10       -      page
    anthropic.claude-opus-4-7                    regional  5.5   27.5   0.55   6.875    11       -      page
    anthropic.claude-opus-4-6-v1                 global    5     25     0.5    6.25     10       batch  page
    anthropic.claude-opus-4-6-v1                 regional  5.5   27.5   0.55   6.875    11       batch  page
    anthropic.claude-opus-4-5-20251101-v1:0      global    5     25     0.5    6.25     10       batch  page
    anthropic.claude-opus-4-5-20251101-v1:0      regional  5.5   27.5   0.55   6.875    11       batch  page
    anthropic.claude-opus-4-1-20250805-v1:0      regional  15    75     1.5    18.75    -        -      page
    anthropic.claude-opus-4-20250514-v1:0        regional  15    75     1.5    18.75    -        batch  page
    anthropic.claude-sonnet-5-5                  global    2     10     0.2    2.5      4        -      listRule
    anthropic.claude-sonnet-5-5                  regional  2.2   11     0.22   2.75     4.4      -      listRule
    anthropic.claude-sonnet-5                    global    2     10     0.2    2.5      4        -      page
    anthropic.claude-sonnet-5                    regional  2.2   11     0.22   2.75     4.4      -      page
    anthropic.claude-sonnet-4-6                  global    3     15     0.3    3.75     6        batch  page
    anthropic.claude-sonnet-4-6                  regional  3.3   16.5   0.33   4.125    6.6      batch  page
    anthropic.claude-sonnet-4-5-20250929-v1:0    global    3     15     0.3    3.75     6        batch  page
    anthropic.claude-sonnet-4-5-20250929-v1:0    regional  3.3   16.5   0.33   4.125    6.6      batch  page
    anthropic.claude-sonnet-4-20250514-v1:0      *         3     15     0.3    3.75     -        batch  page
    anthropic.claude-haiku-5-5                   global    0.1   0.5    0.01   0.125    0.2      -      list
    anthropic.claude-haiku-5-5                   regional  0.11  0.55   0.011  0.1375   0.22     -      list
    anthropic.claude-haiku-4-5-20251001-v1:0     global    1     5      0.1    1.25     2        batch  list
    anthropic.claude-haiku-4-5-20251001-v1:0     regional  1.1   5.5    0.11   1.375    2.2      batch  list
    anthropic.claude-3-7-sonnet-20250219-v1:0    regional  3     15     0.3    3.75     -        batch  page
    anthropic.claude-3-5-haiku-20241022-v1:0     regional  0.8   4      0.08   1        -        -      page
    anthropic.claude-3-5-sonnet-20241022-v2:0    regional  3     15     0.3    3.75     -        batch  page
    anthropic.claude-3-5-sonnet-20240620-v1:0    regional  3     15     -      -        -        batch  page
    anthropic.claude-3-opus-20240229-v1:0        regional  15    75     -      -        -        -      collected
    anthropic.claude-3-sonnet-20240229-v1:0      regional  3     15     -      -        -        -      collected
    anthropic.claude-3-haiku-20240307-v1:0       regional  0.25  1.25   -      -        -        batch  page
    anthropic.claude-v2,anthropic.claude-v2:1    regional  8     24     -      -        -        -      litellm
  `,
  // Claude 3.5 Sonnet costs twice as much in the United States since its public extended access began on 2025-12-01.
  ...priceTable`
    model                                      region  routing   in  out  read  write5m  also   from        source
    anthropic.claude-3-5-sonnet-20241022-v2:0  us      regional  6   30   0.6   7.5      batch  2025-12-01  page
    anthropic.claude-3-5-sonnet-20240620-v1:0  us      regional  6   30   -     -        batch  2025-12-01  page
  `,
  ...priceTable`
    model                                     tier               routing   in  out  source
    anthropic.claude-3-5-haiku-20241022-v1:0  latency_optimized  regional  1   5    page
  `,
  ...priceTable`
    model                         region                 routing   in    out   source
    anthropic.claude-instant-v1   us-east-1,us-west-2    regional  0.8   2.4   litellm
    anthropic.claude-instant-v1   ap-northeast-1         regional  2.23  7.55  litellm
    anthropic.claude-instant-v1   eu-central-1           regional  2.48  8.38  litellm
  `,
  // Long context: the whole call at the dearer price. Claude Opus 4.6, Sonnet 5 and newer have no such step, Haiku 5.5 has.
  ...priceTable`
    model                                      routing   above   in    out    read   write5m  write1h  source
    anthropic.claude-haiku-5-5                 global    100000  0.5   2.5    0.05   0.625    1        list
    anthropic.claude-haiku-5-5                 regional  100000  0.55  2.75   0.055  0.6875   1.1      list
    anthropic.claude-sonnet-4-5-20250929-v1:0  global    200000  6     22.5   0.6    7.5      12       litellm
    anthropic.claude-sonnet-4-5-20250929-v1:0  regional  200000  6.6   24.75  0.66   8.25     13.2     litellm
    anthropic.claude-sonnet-4-20250514-v1:0    *         200000  6     22.5   0.6    7.5      -        litellm
  `,
  // AWS GovCloud (US): a fifth more than the global price.
  ...priceTable`
    model                                      region         routing   above   in    out  read   write5m  write1h  source
    anthropic.claude-haiku-5-5                 gov            regional  -       0.12  0.6  0.012  0.15     0.24     list
    anthropic.claude-haiku-5-5                 gov            regional  100000  0.6   3    0.06   0.75     1.2      govRule
    anthropic.claude-haiku-4-5-20251001-v1:0   gov            regional  -       1.2   6    0.12   1.5      2.4      litellm
    anthropic.claude-sonnet-4-5-20250929-v1:0  gov            regional  -       3.6   18   0.36   4.5      7.2      litellm
    anthropic.claude-sonnet-4-5-20250929-v1:0  gov            regional  200000  7.2   27   0.72   9        14.4     litellm
    anthropic.claude-3-7-sonnet-20250219-v1:0  us-gov-west-1  regional  -       3.6   18   0.36   4.5      -        litellm
    anthropic.claude-3-5-sonnet-20240620-v1:0  gov            regional  -       3.6   18   -      -        -        litellm
    anthropic.claude-3-haiku-20240307-v1:0     gov            regional  -       0.3   1.5  -      -        -        litellm
  `,
]
