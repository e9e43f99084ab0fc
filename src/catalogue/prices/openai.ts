// Prices of OpenAI's models. The closed ones cost a tenth more by geography, and more for the whole call above 272,000 tokens read.

import type { Price } from '../../core/price-book.ts'
import { priceTable } from '../price-table.ts'

export const OPENAI_PRICES: readonly Price[] = [
  ...priceTable`
    model                 routing   above   from        in     out    read   write30m  source
    openai.gpt-6.1-sol    global    -       -           2      10     0.1    2.5       card
    openai.gpt-6.1-sol    global    272000  -           4      15     0.2    5         card
    openai.gpt-6.1-sol    regional  -       -           2.2    11     0.11   2.75      card
    openai.gpt-6.1-sol    regional  272000  -           4.4    16.5   0.22   5.5       card
    openai.gpt-6-astra    global    -       -           10     50     1      12.5      card
    openai.gpt-6-astra    global    272000  -           20     75     2      25        card
    openai.gpt-6-astra    regional  -       -           11     55     1.1    13.75     card
    openai.gpt-6-astra    regional  272000  -           22     82.5   2.2    27.5      card
    openai.gpt-6-sol      global    -       -           2      10     0.2    2.5       card
    openai.gpt-6-sol      global    272000  -           4      15     0.4    5         card
    openai.gpt-6-sol      regional  -       -           2.2    11     0.22   2.75      card
    openai.gpt-6-sol      regional  272000  -           4.4    16.5   0.44   5.5       card
    openai.gpt-6-luna     global    -       -           0.1    0.5    0.01   0.125     card
    openai.gpt-6-luna     global    272000  -           0.2    0.75   0.02   0.25      card
    openai.gpt-6-luna     regional  -       -           0.11   0.55   0.011  0.1375    card
    openai.gpt-6-luna     regional  272000  -           0.22   0.825  0.022  0.275     card
    openai.gpt-5.6-sol    global    -       -           5      30     0.5    6.25      collected
    openai.gpt-5.6-sol    global    272000  -           10     45     1      12.5      collected
    openai.gpt-5.6-sol    regional  -       -           5.5    33     0.55   6.875     collected
    openai.gpt-5.6-sol    regional  272000  -           11     49.5   1.1    13.75     collected
    # Cheaper since 2026-08-21.
    openai.gpt-5.6-sol    global    -       2026-08-21  4      20     0.4    5         collected
    openai.gpt-5.6-sol    global    272000  2026-08-21  8      30     0.8    10        collected
    openai.gpt-5.6-sol    regional  -       2026-08-21  4.4    22     0.44   5.5       collected
    openai.gpt-5.6-sol    regional  272000  2026-08-21  8.8    33     0.88   11        collected
    openai.gpt-5.6-terra  regional  -       -           2.75   16.5   0.275  3.4375    collected
    openai.gpt-5.6-luna   regional  -       -           1.1    6.6    0.11   1.375     collected
    # Cheaper since 2026-07-30; no older price by the global profiles is known.
    openai.gpt-5.6-terra  global    -       2026-07-30  2      12     0.2    2.5       collected
    openai.gpt-5.6-terra  global    272000  2026-07-30  4      18     0.4    5         collected
    openai.gpt-5.6-terra  regional  -       2026-07-30  2.2    13.2   0.22   2.75      collected
    openai.gpt-5.6-terra  regional  272000  2026-07-30  4.4    19.8   0.44   5.5       collected
    openai.gpt-5.6-luna   global    -       2026-07-30  0.2    1.2    0.02   0.25      collected
    openai.gpt-5.6-luna   global    272000  2026-07-30  0.4    1.8    0.04   0.5       collected
    openai.gpt-5.6-luna   regional  -       2026-07-30  0.22   1.32   0.022  0.275     collected
    openai.gpt-5.6-luna   regional  272000  2026-07-30  0.44   1.98   0.044  0.55      collected
  `,
  // On the compatibility endpoint only, where no cache write is billed.
  ...priceTable`
    model           routing   in    out   read   source
    openai.gpt-5.5  regional  5.5   33    0.55   page
    openai.gpt-5.4  regional  2.75  16.5  0.275  page
  `,
  ...priceTable`
    model                                         region          in      out    also                 source
    openai.gpt-oss-120b-1:0,openai.gpt-oss-120b   *               0.15    0.6    batch,flex,priority  page
    openai.gpt-oss-120b-1:0,openai.gpt-oss-120b   ap-southeast-2  0.1545  0.618  -                    pageRule
    openai.gpt-oss-20b-1:0,openai.gpt-oss-20b     *               0.07    0.3    batch,flex,priority  page
    openai.gpt-oss-20b-1:0,openai.gpt-oss-20b     ap-southeast-2  0.0721  0.309  -                    pageRule
    openai.gpt-oss-safeguard-120b                 us              0.15    0.6    -                    page
    openai.gpt-oss-safeguard-120b                 ap-southeast-2  0.1545  0.618  -                    pageRule
    openai.gpt-oss-safeguard-120b                 eu-west-2       0.23    0.93   -                    pageRule
    openai.gpt-oss-safeguard-20b                  us              0.07    0.2    -                    page
    openai.gpt-oss-safeguard-20b                  ap-southeast-2  0.0721  0.206  -                    pageRule
    openai.gpt-oss-safeguard-20b                  eu-west-2       0.11    0.31   -                    pageRule
  `,
]
