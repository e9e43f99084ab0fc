// Prices of Amazon's own models: Nova, Titan, Rerank; and of guardrails. Nova's prices differ by region and it writes caches for free.

import { GUARDRAIL_BASE_MODEL, type Price } from '../../core/price-book.ts'
import { priceTable } from '../price-table.ts'

export const AMAZON_PRICES: readonly Price[] = [
  ...priceTable`
    model                                     region          routing   in     out    read     write5m  also           source
    amazon.nova-2-lite-v1:0                   us              global    0.3    2.5    0.075    0        batch,flex,priority  list
    amazon.nova-2-lite-v1:0                   us              regional  0.33   2.75   0.0825   0        batch,flex,priority  list
    amazon.nova-2-lite-v1:0                   us-west-1       regional  0.429  3.351  0.10725  0        -              list
    amazon.nova-2-lite-v1:0                   eu-west-1       global    0.34   2.87   0.085    0        batch,flex,priority  list
    amazon.nova-2-lite-v1:0                   eu-west-1       regional  0.374  3.157  0.0935   0        batch,flex,priority  list
    amazon.nova-2-lite-v1:0                   eu-west-3       regional  0.484  4.059  0.121    0        -              list
    amazon.nova-2-lite-v1:0                   eu-south-1      regional  0.528  4.411  0.132    0        -              list
    amazon.nova-2-lite-v1:0                   eu-central-1    global    0.39   3.27   0.0975   0        -              list
    amazon.nova-2-lite-v1:0                   eu-central-1    regional  0.429  3.597  0.10725  0        flex           list
    amazon.nova-2-lite-v1:0                   ap-south-1      global    0.35   2.95   0.0875   0        batch,flex,priority  list
    amazon.nova-2-lite-v1:0                   ap-northeast-1  global    0.36   3.01   0.09     0        -              list
    amazon.nova-2-lite-v1:0                   ap-northeast-1  regional  0.396  3.311  0.099    0        -              list
    amazon.nova-2-pro-preview-20251202-v1:0   us              global    1.25   10     -        0        flex,priority  page
    amazon.nova-2-pro-preview-20251202-v1:0   us              regional  1.375  11     -        0        flex,priority  page
    amazon.nova-premier-v1:0                  us              regional  2.5    12.5   0.625    0        batch,flex,priority  page
    amazon.nova-pro-v1:0                      us              regional  0.8    3.2    0.2      0        batch,flex,priority  page
    amazon.nova-pro-v1:0                      eu              regional  1.05   4.2    0.2625   0        -              litellm
    amazon.nova-pro-v1:0                      apac            regional  0.84   3.36   0.21     0        -              litellm
    amazon.nova-pro-v1:0                      gov             regional  0.96   3.84   0.24     0        -              litellm
    amazon.nova-lite-v1:0                     us              regional  0.06   0.24   0.015    0        batch          page
    amazon.nova-lite-v1:0                     eu              regional  0.078  0.312  0.0195   0        -              litellm
    amazon.nova-lite-v1:0                     apac            regional  0.063  0.252  0.01575  0        -              litellm
    amazon.nova-micro-v1:0                    us              regional  0.035  0.14   0.00875  0        batch          page
    amazon.nova-micro-v1:0                    eu              regional  0.046  0.184  0.0115   0        -              litellm
    amazon.nova-micro-v1:0                    apac            regional  0.037  0.148  0.00925  0        -              litellm
  `,
  ...priceTable`
    model                    region        tier               routing   in       out      read      source
    amazon.nova-pro-v1:0     us            latency_optimized  regional  1        4        -         page
    # AWS rounds this one up to six decimals.
    amazon.nova-2-lite-v1:0  eu-central-1  priority           regional  0.75075  6.29475  0.187688  list
  `,
  // Sonic hears and speaks: tokens of speech are the variant, those of text the rest.
  ...priceTable`
    model                    variant  in    out   source
    amazon.nova-2-sonic-v1:0 -        0.33  2.75  page
    amazon.nova-2-sonic-v1:0 speech   3     12    page
    amazon.nova-sonic-v1:0   -        0.06  0.24  page
    amazon.nova-sonic-v1:0   speech   3.4   13.6  page
  `,
  ...priceTable`
    model                           in    out   source
    amazon.titan-text-premier-v1:0  0.5   1.5   litellm
    amazon.titan-text-express-v1    0.2   0.6   collected
    amazon.titan-text-lite-v1       0.15  0.2   collected
    amazon.titan-tg1-large          0.3   0.4   samples
    amazon.titan-embed-text-v2:0    0.02  -     page
    amazon.titan-embed-text-v1      0.1   -     collected
    amazon.titan-embed-g1-text-02   0.1   -     litellm
  `,
  ...priceTable`
    model                                     variant   in     inputImage  inputSecond  source
    amazon.titan-embed-image-v1               -         0.8    0.00006     -            litellm
    amazon.nova-2-multimodal-embeddings-v1:0  -         0.135  0.00006     -            page
    amazon.nova-2-multimodal-embeddings-v1:0  document  -      0.0006      -            page
    amazon.nova-2-multimodal-embeddings-v1:0  audio     -      -           0.00014      page
    amazon.nova-2-multimodal-embeddings-v1:0  video     -      -           0.0007       page
  `,
  // Images by size and quality, films by the second; what the prompt says is not billed.
  ...priceTable`
    model                                                                   variant             image  source
    amazon.nova-canvas-v1:0                                                 1024x1024/standard  0.04   page
    amazon.nova-canvas-v1:0                                                 1024x1024/premium   0.06   page
    amazon.nova-canvas-v1:0                                                 2048x2048/standard  0.06   page
    amazon.nova-canvas-v1:0                                                 2048x2048/premium   0.08   page
    amazon.titan-image-generator-v1,amazon.titan-image-generator-v2:0       512x512/standard    0.008  samples
    amazon.titan-image-generator-v1,amazon.titan-image-generator-v2:0       512x512/premium     0.01   samples
    amazon.titan-image-generator-v1,amazon.titan-image-generator-v2:0       1024x1024/standard  0.01   samples
    amazon.titan-image-generator-v1,amazon.titan-image-generator-v2:0       1024x1024/premium   0.012  samples
  `,
  ...priceTable`
    model                                                                   in  out  second  search  source
    amazon.nova-reel-v1:0,amazon.nova-reel-v1:1                             0   0    0.08    -       page
    amazon.rerank-v1:0                                                      0   0    -       0.001   page
    amazon.nova-canvas-v1:0                                                 0   0    -       -       unbilled
    amazon.titan-image-generator-v1,amazon.titan-image-generator-v2:0       0   0    -       -       unbilled
  `,
]

/** Per text unit of up to 1,000 characters, or per image; word filters and patterns are free. */
export const GUARDRAIL_PRICES: readonly Price[] = priceTable`
    model                      topic    content  contentImage  word  sensitive  grounding  reasoning  source
    amazon.bedrock-guardrails  0.00015  0.00015  0.00075       0     0.0001     0.0001     0.00017    guardrails
  `.map((price) => ({ ...price, baseModel: GUARDRAIL_BASE_MODEL }))
