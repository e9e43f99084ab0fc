// Money is an integer number of pico-USD (1e-12 USD): exact, or refused; the only rounding in the product is here.

export type PicoUsd = bigint & { readonly __unit: 'pico_usd' }

const PICO_DIGITS = 12
const PICO_PER_USD = 1_000_000_000_000n
const DECIMAL = /^(-?)(\d{1,24})(?:\.(\d{1,24}))?$/

/** The only cast from a plain bigint to money. */
export const picoUsd = (value: bigint): PicoUsd => value as PicoUsd

export const ZERO_USD = picoUsd(0n)

export const addUsd = (left: PicoUsd, right: PicoUsd): PicoUsd => picoUsd(left + right)

export const subtractUsd = (left: PicoUsd, right: PicoUsd): PicoUsd => picoUsd(left - right)

/** Reads a decimal string in USD such as "0.0368151". Throws RangeError on anything finer than 1e-12 USD or not a decimal. */
export function parsePicoUsd(text: string): PicoUsd {
  const match = DECIMAL.exec(text)
  if (match === null) throw new RangeError(`"${text.slice(0, 40)}" is not an amount in USD, such as 12.5 or 0.000003`)
  const [, sign = '', whole = '0', fraction = ''] = match
  const kept = fraction.slice(0, PICO_DIGITS).padEnd(PICO_DIGITS, '0')
  if (/[1-9]/.test(fraction.slice(PICO_DIGITS))) {
    throw new RangeError(`"${text}" is finer than 0.000000000001 USD, the smallest amount that is kept`)
  }
  const value = BigInt(whole) * PICO_PER_USD + BigInt(kept)
  return picoUsd(sign === '-' ? -value : value)
}

/** Exact decimal string in USD without trailing zeros: "0.0368151", "0", "-3". */
export function formatPicoUsd(value: PicoUsd): string {
  const negative = value < 0n
  const digits = (negative ? -value : value).toString().padStart(PICO_DIGITS + 1, '0')
  const whole = digits.slice(0, -PICO_DIGITS)
  const fraction = digits.slice(-PICO_DIGITS).replace(/0+$/, '')
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** For people only: half-up to `decimals` places (0 to 12), such as "0.04". Never feed the result back into sums. */
export function displayUsd(value: PicoUsd, decimals: number): string {
  const scale = 10n ** BigInt(PICO_DIGITS - decimals)
  const negative = value < 0n
  const magnitude = negative ? -value : value
  const rounded = ((magnitude + scale / 2n) / scale) * scale
  const [whole = '0', fraction = ''] = formatPicoUsd(picoUsd(rounded)).split('.')
  const shown = decimals === 0 ? whole : `${whole}.${fraction.padEnd(decimals, '0').slice(0, decimals)}`
  return negative && rounded !== 0n ? `-${shown}` : shown
}

/**
 * A unit price changed by a percentage, in basis points (10000 = unchanged), half-up to one pico-USD per unit.
 * The rounded result is itself the price, so that everything computed from it is exact again.
 */
export function scaleUnitPrice(unitPrice: PicoUsd, basisPoints: bigint): PicoUsd {
  const product = unitPrice * basisPoints
  return picoUsd(product >= 0n ? (product + 5_000n) / 10_000n : -((-product + 5_000n) / 10_000n))
}
