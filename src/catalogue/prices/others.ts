// Prices of Cohere, AI21, Writer, xAI, Stability, TwelveLabs and Luma.

import type { Price } from '../../core/price-book.ts'
import { priceTable } from '../price-table.ts'

export const OTHER_PRICES: readonly Price[] = [
  ...priceTable`
    model                          in     out   source
    cohere.command-r-plus-v1:0     3      15    litellm
    cohere.command-r-v1:0          0.5    1.5   litellm
    cohere.command-text-v14        1.5    2     litellm
    cohere.command-light-text-v14  0.3    0.6   litellm
    cohere.embed-v4:0              0.12   -     page
    cohere.embed-english-v3        0.1    -     litellm
    cohere.embed-multilingual-v3   0.1    -     litellm
    ai21.jamba-1-5-large-v1:0      2      8     list
    ai21.jamba-1-5-mini-v1:0       0.2    0.4   list
    ai21.jamba-instruct-v1:0       0.5    0.7   page
    ai21.j2-ultra-v1               18.8   18.8  page
    ai21.j2-mid-v1                 12.5   12.5  page
    ai21.j2-grande-instruct        12.5   12.5  samples
    writer.palmyra-x5-v1:0         0.6    6     page
    writer.palmyra-x4-v1:0         2.5    10    page
    writer.palmyra-vision-7b       0.15   0.6   page
  `,
  // One search is one query with up to 100 documents.
  ...priceTable`
    model                  in  out  search  source
    cohere.rerank-v3-5:0   0   0    0.002   page
  `,
  // xAI; Grok 4.3 is on the compatibility endpoint only.
  ...priceTable`
    model         routing   in    out   read  also           source
    xai.grok-4.6  global    2     6     0.5   flex,priority  card
    xai.grok-4.6  regional  2.2   6.6   0.55  flex,priority  card
    xai.grok-4.3  regional  1.25  2.5   0.2   -              page
  `,
  // Stability AI: one price for an image of any size.
  ...priceTable`
    model                                                                                in  out  image  source
    stability.sd3-5-large-v1:0,stability.sd3-large-v1:0                                  0   0    0.08   page
    stability.stable-image-ultra-v1:0,stability.stable-image-ultra-v1:1                  0   0    0.14   page
    stability.stable-image-core-v1:0,stability.stable-image-core-v1:1                    0   0    0.04   page
    stability.stable-creative-upscale-v1:0                                               0   0    0.6    page
    stability.stable-conservative-upscale-v1:0                                           0   0    0.4    page
    stability.stable-fast-upscale-v1:0                                                   0   0    0.03   page
    stability.stable-style-transfer-v1:0                                                 0   0    0.08   page
    stability.stable-outpaint-v1:0                                                       0   0    0.06   page
    stability.stable-image-control-sketch-v1:0,stability.stable-image-control-structure-v1:0  0  0  0.07  page
    stability.stable-image-inpaint-v1:0,stability.stable-image-erase-object-v1:0         0   0    0.07   page
    stability.stable-image-remove-background-v1:0,stability.stable-image-style-guide-v1:0     0  0  0.07  page
    stability.stable-image-search-recolor-v1:0,stability.stable-image-search-replace-v1:0     0  0  0.07  page
    stability.stable-diffusion-xl-v0,stability.stable-diffusion-xl-v1                    0   0    -      unbilled
  `,
  // The first generation: by size; more than 50 steps are premium.
  ...priceTable`
    model                             variant             image  source
    stability.stable-diffusion-xl-v0  512x512/standard    0.018  litellm
    stability.stable-diffusion-xl-v0  512x512/premium     0.036  litellm
    stability.stable-diffusion-xl-v0  1024x1024/standard  0.036  litellm
    stability.stable-diffusion-xl-v0  1024x1024/premium   0.072  litellm
    stability.stable-diffusion-xl-v1  512x512/standard    0.04   litellm
    stability.stable-diffusion-xl-v1  512x512/premium     0.08   litellm
    stability.stable-diffusion-xl-v1  1024x1024/standard  0.04   litellm
    stability.stable-diffusion-xl-v1  1024x1024/premium   0.08   litellm
  `,
  // Films by the second watched or made; Marengo bills text by the request.
  ...priceTable`
    model                              variant  in  out  inputSecond  inputImage  request  source
    twelvelabs.pegasus-1-2-v1:0        -        0   7.5  0.00049      -           -        page
    twelvelabs.marengo-embed-2-7-v1:0  -        0   0    0.0007       0.0001      0.00007  litellm
    twelvelabs.marengo-embed-2-7-v1:0  audio    -   -    0.00014      -           -        litellm
  `,
  ...priceTable`
    model          variant  in  out  second  source
    luma.ray-v2:0  -        0   0    -       unbilled
    luma.ray-v2:0  540p     -   -    0.75    page
    luma.ray-v2:0  720p     -   -    1.5     page
  `,
]
