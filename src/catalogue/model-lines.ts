// The models of the catalogue, one a line: id, family, longest answer in tokens, routings, lifecycle, name (AWS model cards, 2026-10).

export const MODEL_LINES = `
  anthropic.claude-fable-5-1                    claude            128000  both      active   Claude Fable 5.1
  anthropic.claude-fable-5                      claude            128000  both      active   Claude Fable 5
  anthropic.claude-mythos-5-1                   claude            128000  both      active   Claude Mythos 5.1
  anthropic.claude-opus-5-5                     claude            128000  both      active   Claude Opus 5.5
  anthropic.claude-opus-5                       claude            128000  both      active   Claude Opus 5
  anthropic.claude-opus-4-8                     claude            128000  both      active   Claude Opus 4.8
  anthropic.claude-opus-4-7                     claude            128000  both      active   Claude Opus 4.7
  anthropic.claude-opus-4-6-v1                  claude            128000  both      active   Claude Opus 4.6
  anthropic.claude-opus-4-5-20251101-v1:0       claude            64000   both      active   Claude Opus 4.5
  anthropic.claude-opus-4-1-20250805-v1:0       claude            32000   regional  active   Claude Opus 4.1
  anthropic.claude-opus-4-20250514-v1:0         claude            32000   regional  legacy   Claude Opus 4
  anthropic.claude-sonnet-5-5                   claude            128000  both      active   Claude Sonnet 5.5
  anthropic.claude-sonnet-5                     claude            128000  both      active   Claude Sonnet 5
  anthropic.claude-sonnet-4-6                   claude            64000   both      active   Claude Sonnet 4.6
  anthropic.claude-sonnet-4-5-20250929-v1:0     claude            64000   both      active   Claude Sonnet 4.5
  anthropic.claude-sonnet-4-20250514-v1:0       claude            64000   both      legacy   Claude Sonnet 4
  anthropic.claude-haiku-5-5                    claude            128000  both      active   Claude Haiku 5.5
  anthropic.claude-haiku-4-5-20251001-v1:0      claude            64000   both      active   Claude Haiku 4.5
  anthropic.claude-3-7-sonnet-20250219-v1:0     claude            128000  regional  legacy   Claude 3.7 Sonnet
  anthropic.claude-3-5-haiku-20241022-v1:0      claude            8192    regional  legacy   Claude 3.5 Haiku
  anthropic.claude-3-5-sonnet-20241022-v2:0     claude            8192    regional  legacy   Claude 3.5 Sonnet v2
  anthropic.claude-3-5-sonnet-20240620-v1:0     claude            8192    regional  legacy   Claude 3.5 Sonnet
  anthropic.claude-3-opus-20240229-v1:0         claude            4096    regional  retired  Claude 3 Opus
  anthropic.claude-3-sonnet-20240229-v1:0       claude            4096    regional  legacy   Claude 3 Sonnet
  anthropic.claude-3-haiku-20240307-v1:0        claude            4096    regional  legacy   Claude 3 Haiku
  anthropic.claude-v2:1                         claude            4096    regional  retired  Claude 2.1
  anthropic.claude-v2                           claude            4096    regional  retired  Claude 2
  anthropic.claude-instant-v1                   claude            4096    regional  retired  Claude Instant
  amazon.nova-2-lite-v1:0                       nova              65536   both      active   Nova 2 Lite
  amazon.nova-2-pro-preview-20251202-v1:0       nova              65536   both      active   Nova 2 Pro (preview)
  amazon.nova-premier-v1:0                      nova              32000   regional  legacy   Nova Premier
  amazon.nova-pro-v1:0                          nova              10000   regional  active   Nova Pro
  amazon.nova-lite-v1:0                         nova              10000   regional  active   Nova Lite
  amazon.nova-micro-v1:0                        nova              10000   regional  active   Nova Micro
  amazon.nova-2-sonic-v1:0                      nova-sonic        -       regional  active   Nova 2 Sonic
  amazon.nova-sonic-v1:0                        nova-sonic        -       regional  legacy   Nova Sonic
  amazon.nova-canvas-v1:0                       image-generation  0       regional  legacy   Nova Canvas
  amazon.nova-reel-v1:1                         video             0       regional  legacy   Nova Reel 1.1
  amazon.nova-reel-v1:0                         video             0       regional  legacy   Nova Reel
  amazon.nova-2-multimodal-embeddings-v1:0      embeddings        0       regional  active   Nova Multimodal Embeddings
  amazon.titan-text-premier-v1:0                titan-text        3072    regional  legacy   Titan Text Premier
  amazon.titan-text-express-v1                  titan-text        8192    regional  legacy   Titan Text Express
  amazon.titan-text-lite-v1                     titan-text        4096    regional  legacy   Titan Text Lite
  amazon.titan-tg1-large                        titan-text        8192    regional  legacy   Titan Text Large
  amazon.titan-embed-text-v2:0                  embeddings        0       regional  active   Titan Text Embeddings V2
  amazon.titan-embed-text-v1                    embeddings        0       regional  active   Titan Embeddings G1 Text
  amazon.titan-embed-g1-text-02                 embeddings        0       regional  active   Titan Embeddings G1 Text v2
  amazon.titan-embed-image-v1                   embeddings        0       regional  active   Titan Multimodal Embeddings G1
  amazon.titan-image-generator-v2:0             image-generation  0       regional  legacy   Titan Image Generator G1 v2
  amazon.titan-image-generator-v1               image-generation  0       regional  legacy   Titan Image Generator G1
  amazon.rerank-v1:0                            rerank            0       regional  active   Amazon Rerank 1.0
  openai.gpt-6.1-sol                            openai-chat       131072  both      active   GPT-6.1 Sol
  openai.gpt-6-astra                            openai-chat       131072  both      active   GPT-6 Astra
  openai.gpt-6-sol                              openai-chat       131072  both      active   GPT-6 Sol
  openai.gpt-6-luna                             openai-chat       131072  both      active   GPT-6 Luna
  openai.gpt-5.6-sol                            openai-chat       131072  both      active   GPT-5.6 Sol
  openai.gpt-5.6-terra                          openai-chat       131072  both      active   GPT-5.6 Terra
  openai.gpt-5.6-luna                           openai-chat       131072  both      active   GPT-5.6 Luna
  openai.gpt-5.5                                openai-chat       131072  regional  active   GPT-5.5
  openai.gpt-5.4                                openai-chat       131072  regional  active   GPT-5.4
  openai.gpt-oss-120b-1:0                       openai-chat       128000  regional  active   gpt-oss-120b
  openai.gpt-oss-120b                           openai-chat       128000  regional  active   gpt-oss-120b (compatibility endpoint)
  openai.gpt-oss-20b-1:0                        openai-chat       128000  regional  active   gpt-oss-20b
  openai.gpt-oss-20b                            openai-chat       128000  regional  active   gpt-oss-20b (compatibility endpoint)
  openai.gpt-oss-safeguard-120b                 openai-chat       128000  regional  active   GPT OSS Safeguard 120B
  openai.gpt-oss-safeguard-20b                  openai-chat       128000  regional  active   GPT OSS Safeguard 20B
  meta.llama4-maverick-17b-instruct-v1:0        llama             8192    regional  active   Llama 4 Maverick 17B Instruct
  meta.llama4-scout-17b-instruct-v1:0           llama             8192    regional  active   Llama 4 Scout 17B Instruct
  meta.llama3-3-70b-instruct-v1:0               llama             8192    regional  active   Llama 3.3 70B Instruct
  meta.llama3-2-90b-instruct-v1:0               llama             8192    regional  legacy   Llama 3.2 90B Instruct
  meta.llama3-2-11b-instruct-v1:0               llama             8192    regional  legacy   Llama 3.2 11B Instruct
  meta.llama3-2-3b-instruct-v1:0                llama             8192    regional  legacy   Llama 3.2 3B Instruct
  meta.llama3-2-1b-instruct-v1:0                llama             8192    regional  legacy   Llama 3.2 1B Instruct
  meta.llama3-1-405b-instruct-v1:0              llama             8192    regional  legacy   Llama 3.1 405B Instruct
  meta.llama3-1-70b-instruct-v1:0               llama             8192    regional  active   Llama 3.1 70B Instruct
  meta.llama3-1-8b-instruct-v1:0                llama             8192    regional  active   Llama 3.1 8B Instruct
  meta.llama3-70b-instruct-v1:0                 llama             2048    regional  active   Llama 3 70B Instruct
  meta.llama3-8b-instruct-v1:0                  llama             2048    regional  active   Llama 3 8B Instruct
  meta.llama2-70b-chat-v1                       llama             2048    regional  retired  Llama 2 Chat 70B
  meta.llama2-13b-chat-v1                       llama             2048    regional  retired  Llama 2 Chat 13B
  mistral.mistral-large-3-675b-instruct         mistral-chat      32768   regional  active   Mistral Large 3
  mistral.devstral-2-123b                       mistral-chat      32768   regional  active   Devstral 2 123B
  mistral.magistral-small-2509                  mistral-chat      40000   regional  active   Magistral Small 2509
  mistral.ministral-3-14b-instruct              mistral-chat      -       regional  active   Ministral 14B 3.0
  mistral.ministral-3-8b-instruct               mistral-chat      -       regional  active   Ministral 3 8B
  mistral.ministral-3-3b-instruct               mistral-chat      -       regional  active   Ministral 3B
  mistral.voxtral-small-24b-2507                mistral-chat      -       regional  active   Voxtral Small 24B 2507
  mistral.voxtral-mini-3b-2507                  mistral-chat      -       regional  active   Voxtral Mini 3B 2507
  mistral.pixtral-large-2502-v1:0               mistral-chat      8192    regional  active   Pixtral Large 25.02
  mistral.mistral-large-2407-v1:0               mistral-chat      8192    regional  active   Mistral Large 24.07
  mistral.mistral-large-2402-v1:0               mistral-text      8192    regional  active   Mistral Large 24.02
  mistral.mistral-small-2402-v1:0               mistral-text      8192    regional  active   Mistral Small 24.02
  mistral.mixtral-8x7b-instruct-v0:1            mistral-text      4096    regional  active   Mixtral 8x7B Instruct
  mistral.mistral-7b-instruct-v0:2              mistral-text      8192    regional  active   Mistral 7B Instruct
  cohere.command-r-plus-v1:0                    cohere-command    4096    regional  legacy   Command R+
  cohere.command-r-v1:0                         cohere-command    4096    regional  legacy   Command R
  cohere.command-text-v14                       cohere-command    4096    regional  retired  Command
  cohere.command-light-text-v14                 cohere-command    4096    regional  retired  Command Light
  cohere.embed-v4:0                             embeddings        0       both      active   Embed v4
  cohere.embed-english-v3                       embeddings        0       regional  active   Embed English
  cohere.embed-multilingual-v3                  embeddings        0       regional  active   Embed Multilingual
  cohere.rerank-v3-5:0                          rerank            0       regional  active   Rerank 3.5
  ai21.jamba-1-5-large-v1:0                     ai21-jamba        4096    regional  legacy   Jamba 1.5 Large
  ai21.jamba-1-5-mini-v1:0                      ai21-jamba        4096    regional  legacy   Jamba 1.5 Mini
  ai21.jamba-instruct-v1:0                      ai21-jamba        4096    regional  retired  Jamba-Instruct
  ai21.j2-ultra-v1                              ai21-jurassic     8191    regional  retired  Jurassic-2 Ultra
  ai21.j2-mid-v1                                ai21-jurassic     8191    regional  retired  Jurassic-2 Mid
  ai21.j2-grande-instruct                       ai21-jurassic     8191    regional  retired  Jurassic-2 Grande Instruct
  deepseek.r1-v1:0                              deepseek-r1       32768   regional  active   DeepSeek-R1
  deepseek.v3-v1:0                              openai-chat       81920   regional  active   DeepSeek-V3.1
  deepseek.v3.2                                 openai-chat       81920   regional  active   DeepSeek V3.2
  qwen.qwen3-235b-a22b-2507-v1:0                openai-chat       131072  regional  active   Qwen3 235B A22B 2507
  qwen.qwen3-coder-480b-a35b-v1:0               openai-chat       65536   regional  active   Qwen3 Coder 480B A35B Instruct
  qwen.qwen3-coder-30b-a3b-v1:0                 openai-chat       65536   regional  active   Qwen3 Coder 30B A3B Instruct
  qwen.qwen3-coder-next                         openai-chat       65536   regional  active   Qwen3 Coder Next
  qwen.qwen3-next-80b-a3b                       openai-chat       65536   regional  active   Qwen3 Next 80B A3B
  qwen.qwen3-vl-235b-a22b                       openai-chat       65536   regional  active   Qwen3 VL 235B A22B
  qwen.qwen3-32b-v1:0                           openai-chat       32768   regional  active   Qwen3 32B
  moonshotai.kimi-k3                            openai-chat       -       both      active   Kimi K3
  moonshotai.kimi-k2.5                          openai-chat       -       regional  active   Kimi K2.5
  moonshot.kimi-k2-thinking                     openai-chat       -       regional  active   Kimi K2 Thinking
  zai.glm-5                                     openai-chat       131072  regional  active   GLM 5
  zai.glm-4.7                                   openai-chat       131072  regional  active   GLM 4.7
  zai.glm-4.7-flash                             openai-chat       131072  regional  active   GLM 4.7 Flash
  minimax.minimax-m2.5                          openai-chat       98304   regional  active   MiniMax M2.5
  minimax.minimax-m2.1                          openai-chat       98304   regional  active   MiniMax M2.1
  minimax.minimax-m2                            openai-chat       98304   regional  active   MiniMax M2
  nvidia.nemotron-super-3-120b                  openai-chat       -       regional  active   Nemotron 3 Super 120B A12B
  nvidia.nemotron-nano-3-30b                    openai-chat       -       regional  active   Nemotron Nano 3 30B
  nvidia.nemotron-nano-12b-v2                   openai-chat       -       regional  active   Nemotron Nano 12B v2 VL
  nvidia.nemotron-nano-9b-v2                    openai-chat       -       regional  active   Nemotron Nano 9B v2
  google.gemma-4-31b                            openai-chat       -       regional  active   Gemma 4 31B
  google.gemma-4-26b-a4b                        openai-chat       -       regional  active   Gemma 4 26B A4B
  google.gemma-4-e2b                            openai-chat       -       regional  active   Gemma 4 E2B
  google.gemma-3-27b-it                         openai-chat       8192    regional  active   Gemma 3 27B
  google.gemma-3-12b-it                         openai-chat       8192    regional  active   Gemma 3 12B IT
  google.gemma-3-4b-it                          openai-chat       8192    regional  active   Gemma 3 4B IT
  xai.grok-4.6                                  openai-chat       -       both      active   Grok 4.6
  xai.grok-4.3                                  openai-chat       -       regional  active   Grok 4.3
  writer.palmyra-x5-v1:0                        openai-chat       8192    regional  active   Palmyra X5
  writer.palmyra-x4-v1:0                        openai-chat       8192    regional  active   Palmyra X4
  writer.palmyra-vision-7b                      openai-chat       8192    regional  active   Palmyra Vision 7B
  stability.sd3-5-large-v1:0                    stability         0       regional  active   Stable Diffusion 3.5 Large
  stability.sd3-large-v1:0                      stability         0       regional  legacy   Stable Diffusion 3 Large
  stability.stable-image-ultra-v1:1             stability         0       regional  active   Stable Image Ultra
  stability.stable-image-ultra-v1:0             stability         0       regional  legacy   Stable Image Ultra 1.0
  stability.stable-image-core-v1:1              stability         0       regional  active   Stable Image Core
  stability.stable-image-core-v1:0              stability         0       regional  legacy   Stable Image Core 1.0
  stability.stable-creative-upscale-v1:0        stability         0       regional  active   Stable Image Creative Upscale
  stability.stable-conservative-upscale-v1:0    stability         0       regional  active   Stable Image Conservative Upscale
  stability.stable-fast-upscale-v1:0            stability         0       regional  active   Stable Image Fast Upscale
  stability.stable-style-transfer-v1:0          stability         0       regional  active   Stable Image Style Transfer
  stability.stable-outpaint-v1:0                stability         0       regional  active   Stable Image Outpaint
  stability.stable-image-control-sketch-v1:0    stability         0       regional  active   Stable Image Control Sketch
  stability.stable-image-control-structure-v1:0 stability         0       regional  active   Stable Image Control Structure
  stability.stable-image-inpaint-v1:0           stability         0       regional  active   Stable Image Inpaint
  stability.stable-image-erase-object-v1:0      stability         0       regional  active   Stable Image Erase Object
  stability.stable-image-remove-background-v1:0 stability         0       regional  active   Stable Image Remove Background
  stability.stable-image-style-guide-v1:0       stability         0       regional  active   Stable Image Style Guide
  stability.stable-image-search-recolor-v1:0    stability         0       regional  active   Stable Image Search and Recolor
  stability.stable-image-search-replace-v1:0    stability         0       regional  active   Stable Image Search and Replace
  stability.stable-diffusion-xl-v1              stability-xl      0       regional  retired  Stable Diffusion XL 1.0
  stability.stable-diffusion-xl-v0              stability-xl      0       regional  retired  Stable Diffusion XL 0.8
  twelvelabs.pegasus-1-2-v1:0                   twelvelabs        4096    both      active   Pegasus 1.2
  twelvelabs.marengo-embed-3-0-v1:0             twelvelabs        0       regional  active   Marengo Embed 3.0
  twelvelabs.marengo-embed-2-7-v1:0             twelvelabs        0       regional  legacy   Marengo Embed 2.7
  luma.ray-v2:0                                 video             0       regional  active   Luma Ray2
`
