// Golden costs: published and hand-computed figures, to the last digit.

import { describe, expect, it } from 'vitest'
import { formatPicoUsd, parsePicoUsd, type PicoUsd } from './money.ts'
import { bookOf, pricesOf, rated, usd } from './prices-for-tests.ts'

describe('golden costs', () => {
  const published = bookOf(
    pricesOf('amazon.titan-tg1-large', { input_tokens: '0.3', output_tokens: '0.4' }),
    pricesOf('anthropic.claude-v2', { input_tokens: '11.02', output_tokens: '32.68' }),
    pricesOf('ai21.j2-grande-instruct', { input_tokens: '12.5', output_tokens: '12.5' }),
  )

  it.each([
    ['amazon.titan-tg1-large', 24_000, 2_473, '0.0072', '0.0009892'],
    ['anthropic.claude-v2', 2_448, 4_800, '0.02697696', '0.156864'],
    ['amazon.titan-tg1-large', 35_000, 52_500, '0.0105', '0.021'],
    ['ai21.j2-grande-instruct', 4_590, 9_000, '0.057375', '0.1125'],
    ['anthropic.claude-v2', 1_080, 4_400, '0.0119016', '0.143792'],
  ])('the published chargeback row of %s with %i in, %i out', (model, input, output, inputCost, outputCost) => {
    const rating = rated(published, model, { input_tokens: input, output_tokens: output })
    expect([usd(rating.inputCost), usd(rating.outputCost)]).toEqual([inputCost, outputCost])
    expect(rating.cost).toBe(parsePicoUsd(inputCost) + parsePicoUsd(outputCost))
  })

  it('two calls of one model add up without drift', () => {
    const first = rated(published, 'amazon.titan-tg1-large', { input_tokens: 24_000, output_tokens: 2_473 })
    const second = rated(published, 'amazon.titan-tg1-large', { input_tokens: 10, output_tokens: 5 })
    expect(formatPicoUsd(((first.inputCost ?? 0n) + (second.inputCost ?? 0n)) as PicoUsd)).toBe('0.007203')
    expect(formatPicoUsd(((first.outputCost ?? 0n) + (second.outputCost ?? 0n)) as PicoUsd)).toBe('0.0009912')
  })

  it.each([
    [10, 282, '0.00003', '0.00423'],
    [4, 331, '0.000012', '0.004965'],
    [4, 362, '0.000012', '0.00543'],
    [12, 1_158, '0.000036', '0.01737'],
    [2_000, 1_000, '0.006', '0.015'],
  ])('a Claude 3 Sonnet call with %i in, %i out', (input, output, inputCost, outputCost) => {
    const book = bookOf(pricesOf('anthropic.claude-3-sonnet', { input_tokens: '3', output_tokens: '15' }))
    const rating = rated(book, 'anthropic.claude-3-sonnet', { input_tokens: input, output_tokens: output })
    expect([usd(rating.inputCost), usd(rating.outputCost)]).toEqual([inputCost, outputCost])
  })

  const images = bookOf(
    ...Object.entries({
      'amazon.titan-image': {
        '512x512/standard': '0.008',
        '512x512/premium': '0.01',
        '1024x1024/standard': '0.01',
        '1024x1024/premium': '0.012',
      },
      'stability.stable-diffusion-xl-v1': {
        '512x512/standard': '0.018',
        '512x512/premium': '0.036',
        '1024x1024/standard': '0.036',
        '1024x1024/premium': '0.072',
      },
    }).flatMap(([model, variants]) =>
      Object.entries(variants).map(([variant, price]) => pricesOf(model, { images: price }, { variant })),
    ),
  )

  it.each([
    ['amazon.titan-image', '512x512/standard', '0.008'],
    ['amazon.titan-image', '512x512/premium', '0.01'],
    ['amazon.titan-image', '1024x1024/premium', '0.012'],
    ['amazon.titan-image', '1024x1024/standard', '0.01'],
    ['stability.stable-diffusion-xl-v1', '1024x1024/premium', '0.072'],
    ['stability.stable-diffusion-xl-v1', '512x512/standard', '0.018'],
    ['stability.stable-diffusion-xl-v1', '512x512/premium', '0.036'],
  ])('one image of %s, %s', (model, variant, cost) => {
    const rating = rated(images, model, { images: 1 }, variant)
    expect([usd(rating.inputCost), usd(rating.outputCost)]).toEqual(['0', cost])
  })

  it('cached and cache-writing tokens have their own prices', () => {
    const book = bookOf(
      pricesOf('anthropic.claude-3-5-sonnet-v2', {
        input_tokens: '3',
        output_tokens: '15',
        cache_read_tokens: '0.3',
        cache_write_5m_tokens: '3.75',
      }),
      pricesOf('amazon.nova-micro', { input_tokens: '0.035', output_tokens: '0.14' }),
      pricesOf('anthropic.claude-3-5-haiku', { input_tokens: '0.8', output_tokens: '4' }),
    )
    const sonnet = rated(book, 'anthropic.claude-3-5-sonnet-v2', {
      input_tokens: 1_000,
      output_tokens: 200,
      cache_read_tokens: 5_000,
      cache_write_5m_tokens: 2_000,
    })
    expect(sonnet.lines.map((line) => usd(line.cost))).toEqual(['0.003', '0.003', '0.0015', '0.0075'])
    expect(usd(sonnet.cost)).toBe('0.015')
    expect(usd(rated(book, 'amazon.nova-micro', { input_tokens: 1e6, output_tokens: 1e6 }).cost)).toBe('0.175')
    const haiku = rated(book, 'anthropic.claude-3-5-haiku', { input_tokens: 35, output_tokens: 446 })
    expect(usd(haiku.cost)).toBe('0.001812')
  })

  it('an embedded image costs the price of one image, not that of its bytes', () => {
    const book = bookOf(pricesOf('amazon.titan-embed-image-v1', { input_images: '0.00006', input_tokens: '0.8' }))
    expect(usd(rated(book, 'amazon.titan-embed-image-v1', { input_images: 1 }).cost)).toBe('0.00006')
    // What the old rule made of one MiB: its base64 text divided by four, at the image's price per 1,000.
    expect(formatPicoUsd((349_526n * parsePicoUsd('0.00000006')) as PicoUsd)).toBe('0.02097156')
  })
})
