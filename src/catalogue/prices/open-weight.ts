// Prices of open-weight models. The newer ones differ by region: where no source names a region, it has no price here.

import type { Price } from '../../core/price-book.ts'
import { priceTable } from '../price-table.ts'

export const OPEN_WEIGHT_PRICES: readonly Price[] = [
  // Meta
  ...priceTable`
    model                                   in    out   also   source
    meta.llama4-maverick-17b-instruct-v1:0  0.24  0.97  batch  page
    meta.llama4-scout-17b-instruct-v1:0     0.17  0.66  batch  page
    meta.llama3-3-70b-instruct-v1:0         0.72  0.72  batch  page
    meta.llama3-2-90b-instruct-v1:0         0.72  0.72  -      page
    meta.llama3-2-11b-instruct-v1:0         0.16  0.16  -      page
    meta.llama3-1-405b-instruct-v1:0        2.4   2.4   batch  page
    meta.llama3-1-70b-instruct-v1:0         0.72  0.72  batch  page
    meta.llama3-1-8b-instruct-v1:0          0.22  0.22  batch  page
    meta.llama2-70b-chat-v1                 1.95  2.56  -      page
    meta.llama2-13b-chat-v1                 0.75  1     -      page
  `,
  ...priceTable`
    model                             tier               in   out  source
    meta.llama3-1-405b-instruct-v1:0  latency_optimized  3    3    page
    meta.llama3-1-70b-instruct-v1:0   latency_optimized  0.9  0.9  page
  `,
  ...priceTable`
    model                           region        in    out   source
    meta.llama3-2-3b-instruct-v1:0  us            0.15  0.15  page
    meta.llama3-2-3b-instruct-v1:0  eu            0.19  0.19  litellm
    meta.llama3-2-1b-instruct-v1:0  us            0.1   0.1   page
    meta.llama3-2-1b-instruct-v1:0  eu            0.13  0.13  litellm
    meta.llama3-70b-instruct-v1:0   us,us-west-1  2.65  3.5   page
    meta.llama3-70b-instruct-v1:0   gov           2.65  3.5   litellm
    meta.llama3-70b-instruct-v1:0   ap-south-1    3.18  4.2   litellm
    meta.llama3-70b-instruct-v1:0   ca-central-1  3.05  4.03  litellm
    meta.llama3-70b-instruct-v1:0   eu-west-1     2.86  3.78  litellm
    meta.llama3-70b-instruct-v1:0   eu-west-2     3.45  4.55  litellm
    meta.llama3-70b-instruct-v1:0   sa-east-1     4.45  5.88  litellm
    meta.llama3-8b-instruct-v1:0    us,us-west-1  0.3   0.6   page
    meta.llama3-8b-instruct-v1:0    ap-south-1    0.36  0.72  litellm
    meta.llama3-8b-instruct-v1:0    ca-central-1  0.35  0.69  litellm
    meta.llama3-8b-instruct-v1:0    eu-west-1     0.32  0.65  litellm
    meta.llama3-8b-instruct-v1:0    eu-west-2     0.39  0.78  litellm
    meta.llama3-8b-instruct-v1:0    sa-east-1     0.5   1.01  litellm
  `,
  // Mistral AI
  ...priceTable`
    model                                  region          in      out     source
    mistral.mistral-large-3-675b-instruct  us              0.5     1.5     page
    mistral.mistral-large-3-675b-instruct  ap-southeast-2  0.515   1.545   pageRule
    mistral.magistral-small-2509           us              0.5     1.5     page
    mistral.magistral-small-2509           ap-southeast-2  0.515   1.545   pageRule
    mistral.magistral-small-2509           eu-west-2       0.78    2.33    pageRule
    mistral.devstral-2-123b                us              0.4     2       page
    mistral.devstral-2-123b                fifthDearer     0.48    2.4     pageRule
    mistral.devstral-2-123b                ap-southeast-2  0.41    2.06    pageRule
    mistral.devstral-2-123b                eu-west-2       0.62    3.1     pageRule
    mistral.ministral-3-14b-instruct       us              0.2     0.2     page
    mistral.ministral-3-14b-instruct       fifthDearer     0.24    0.24    pageRule
    mistral.ministral-3-14b-instruct       ap-southeast-2  0.206   0.206   pageRule
    mistral.ministral-3-14b-instruct       eu-west-2       0.31    0.31    pageRule
    mistral.ministral-3-8b-instruct        us              0.15    0.15    page
    mistral.ministral-3-8b-instruct        fifthDearer     0.18    0.18    pageRule
    mistral.ministral-3-8b-instruct        ap-southeast-2  0.1545  0.1545  pageRule
    mistral.ministral-3-8b-instruct        eu-west-2       0.23    0.23    pageRule
    mistral.ministral-3-3b-instruct        us              0.1     0.1     page
    mistral.ministral-3-3b-instruct        fifthDearer     0.12    0.12    pageRule
    mistral.ministral-3-3b-instruct        ap-southeast-2  0.103   0.103   pageRule
    mistral.ministral-3-3b-instruct        eu-west-2       0.16    0.16    pageRule
    mistral.voxtral-small-24b-2507         us              0.1     0.3     page
    mistral.voxtral-small-24b-2507         ap-southeast-2  0.103   0.309   pageRule
    mistral.voxtral-mini-3b-2507           us              0.04    0.04    page
    mistral.voxtral-mini-3b-2507           ap-southeast-2  0.0412  0.0412  pageRule
    mistral.pixtral-large-2502-v1:0        *               2       6       page
    mistral.mistral-large-2407-v1:0        *               3       9       litellm
    mistral.mistral-large-2402-v1:0        us              4       12      collected
    mistral.mistral-large-2402-v1:0        eu-west-3       10.4    31.2    litellm
    mistral.mistral-small-2402-v1:0        *               1       3       collected
    mistral.mixtral-8x7b-instruct-v0:1     us              0.45    0.7     collected
    mistral.mixtral-8x7b-instruct-v0:1     eu-west-3       0.59    0.91    litellm
    mistral.mistral-7b-instruct-v0:2       us              0.15    0.2     collected
    mistral.mistral-7b-instruct-v0:2       eu-west-3       0.2     0.26    litellm
  `,
  // DeepSeek, Qwen
  ...priceTable`
    model                           region          in      out     also                 source
    deepseek.r1-v1:0                *               1.35    5.4     -                    page
    deepseek.v3-v1:0                *               0.58    1.68    flex,priority        page
    deepseek.v3-v1:0                ap-southeast-2  0.5974  1.7304  -                    pageRule
    deepseek.v3.2                   us              0.62    1.85    -                    page
    deepseek.v3.2                   ap-northeast-1  0.74    2.22    -                    litellm
    deepseek.v3.2                   ap-south-1      0.74    2.22    -                    litellm
    deepseek.v3.2                   ap-southeast-3  0.74    2.22    -                    litellm
    deepseek.v3.2                   eu              0.74    2.22    -                    litellm
    deepseek.v3.2                   sa-east-1       0.74    2.22    -                    litellm
    deepseek.v3.2                   ap-southeast-2  0.6386  1.9055  -                    pageRule
    qwen.qwen3-235b-a22b-2507-v1:0  *               0.22    0.88    batch,flex,priority  page
    qwen.qwen3-235b-a22b-2507-v1:0  ap-southeast-2  0.2266  0.9064  batch,flex           pageRule
    qwen.qwen3-coder-480b-a35b-v1:0 *               0.45    1.8     batch,flex,priority  page
    qwen.qwen3-coder-30b-a3b-v1:0   *               0.15    0.6     batch,flex,priority  page
    qwen.qwen3-coder-30b-a3b-v1:0   ap-southeast-2  0.1545  0.618   -                    pageRule
    qwen.qwen3-32b-v1:0             *               0.15    0.6     batch,flex,priority  page
    qwen.qwen3-32b-v1:0             ap-southeast-2  0.1545  0.618   -                    pageRule
    qwen.qwen3-coder-next           us              0.5     1.2     -                    page
    qwen.qwen3-coder-next           ap-northeast-1,ap-south-1,ap-southeast-3,sa-east-1      0.6  1.44  -  litellm
    qwen.qwen3-coder-next           eu-central-1,eu-south-1,eu-west-1                       0.6  1.44  -  litellm
    qwen.qwen3-coder-next           ap-southeast-2  0.515   1.236   -                    pageRule
    qwen.qwen3-coder-next           eu-west-2       0.78    1.86    -                    litellm
    qwen.qwen3-next-80b-a3b         us              0.15    1.2     -                    page
    qwen.qwen3-next-80b-a3b         ap-southeast-2  0.1545  1.236   -                    pageRule
    qwen.qwen3-next-80b-a3b         eu-west-2       0.23    1.86    -                    pageRule
    qwen.qwen3-vl-235b-a22b         us              0.53    2.66    -                    page
    qwen.qwen3-vl-235b-a22b         ap-southeast-2  0.5459  2.7398  -                    pageRule
    qwen.qwen3-vl-235b-a22b         eu-west-2       0.82    4.12    -                    pageRule
  `,
  // Moonshot AI, Z.AI, MiniMax
  ...priceTable`
    model                      region                          in     out    source
    moonshotai.kimi-k2.5       us                              0.6    3      page
    moonshotai.kimi-k2.5       ap-northeast-1,ap-south-1       0.72   3.6    litellm
    moonshotai.kimi-k2.5       ap-southeast-3,eu-north-1       0.72   3.6    litellm
    moonshotai.kimi-k2.5       sa-east-1                       0.72   3.6    litellm
    moonshotai.kimi-k2.5       ap-southeast-2                  0.618  3.09   pageRule
    moonshot.kimi-k2-thinking  us                              0.6    2.5    page
    moonshot.kimi-k2-thinking  ap-northeast-1,sa-east-1        0.73   3.03   litellm
    moonshot.kimi-k2-thinking  ap-south-1                      0.71   2.94   litellm
    moonshot.kimi-k2-thinking  ap-southeast-2                  0.618  2.575  pageRule
    zai.glm-5                  us                              1      3.2    page
    zai.glm-5                  fifthDearer                     1.2    3.84   pageRule
    zai.glm-5                  ap-southeast-2                  1.03   3.3    pageRule
    zai.glm-5                  eu-west-2                       1.55   4.96   pageRule
    zai.glm-4.7                us                              0.6    2.2    page
    zai.glm-4.7                fifthDearer                     0.72   2.64   pageRule
    zai.glm-4.7                ap-southeast-2                  0.618  2.266  pageRule
    zai.glm-4.7-flash          us                              0.07   0.4    page
    zai.glm-4.7-flash          ap-southeast-2                  0.0721 0.412  pageRule
    zai.glm-4.7-flash          eu-west-2                       0.11   0.62   pageRule
    minimax.minimax-m2.5       us                              0.3    1.2    page
    minimax.minimax-m2.5       fifthDearer                     0.36   1.44   litellm
    minimax.minimax-m2.5       ap-southeast-2                  0.309  1.236  litellm
    minimax.minimax-m2.5       eu-west-2                       0.47   1.86   litellm
    minimax.minimax-m2.1       us                              0.3    1.2    page
    minimax.minimax-m2.1       fifthDearer                     0.36   1.44   litellm
    minimax.minimax-m2.1       ap-southeast-2                  0.309  1.236  pageRule
    minimax.minimax-m2.1       eu-west-2                       0.47   1.86   litellm
    minimax.minimax-m2         us                              0.3    1.2    page
    minimax.minimax-m2         ap-southeast-2                  0.309  1.236  pageRule
    minimax.minimax-m2         eu-west-2                       0.47   1.86   pageRule
  `,
  ...priceTable`
    model               routing   in   out   read  write30m  also           source
    moonshotai.kimi-k3  global    3    15    0.3   3.75      flex,priority  card
    moonshotai.kimi-k3  regional  3.3  16.5  0.33  4.125     flex,priority  card
  `,
  // NVIDIA, Google
  ...priceTable`
    model                         region          in      out     source
    nvidia.nemotron-super-3-120b  us              0.15    0.65    page
    nvidia.nemotron-nano-3-30b    us              0.06    0.24    page
    nvidia.nemotron-nano-3-30b    ap-southeast-2  0.0618  0.2472  pageRule
    nvidia.nemotron-nano-12b-v2   us              0.2     0.6     page
    nvidia.nemotron-nano-12b-v2   ap-southeast-2  0.206   0.618   pageRule
    nvidia.nemotron-nano-12b-v2   eu-west-2       0.31    0.93    pageRule
    nvidia.nemotron-nano-9b-v2    us              0.06    0.23    page
    nvidia.nemotron-nano-9b-v2    ap-southeast-2  0.0618  0.2369  pageRule
    google.gemma-4-31b            us              0.14    0.4     page
    google.gemma-4-26b-a4b        us              0.13    0.4     page
    google.gemma-4-e2b            us              0.04    0.08    page
    google.gemma-3-27b-it         us              0.23    0.38    page
    google.gemma-3-27b-it         ap-southeast-2  0.2369  0.3914  pageRule
    google.gemma-3-27b-it         eu-west-2       0.36    0.59    pageRule
    google.gemma-3-12b-it         us              0.09    0.29    page
    google.gemma-3-12b-it         ap-southeast-2  0.0927  0.2987  pageRule
    google.gemma-3-12b-it         eu-west-2       0.14    0.45    pageRule
    google.gemma-3-4b-it          us              0.04    0.08    page
    google.gemma-3-4b-it          ap-southeast-2  0.0412  0.0824  pageRule
    google.gemma-3-4b-it          eu-west-2       0.06    0.12    pageRule
  `,
]
