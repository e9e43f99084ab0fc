// How long an answer may be for a call to fit: exact, in whole tokens and whole pico-USD.

/** What a call costs by the length of its answer: so much whatever it is, and so much for each token of it. */
export type Tariff = { readonly fixed: bigint; readonly perToken: bigint }

/**
 * The most tokens, up to `wanted`, with which the call costs at most `room` by every one of the tariffs; null: it does not fit however
 * short its answer is.
 */
export function mostTokensWithin(tariffs: readonly Tariff[], room: bigint, wanted: number): number | null {
  let most = BigInt(wanted)
  for (const { fixed, perToken } of tariffs) {
    if (fixed > room) return null
    const tokens = perToken > 0n ? (room - fixed) / perToken : most
    if (tokens < most) most = tokens
  }
  return Number(most)
}

/** The dearest of the tariffs for so many tokens. */
export function costOf(tariffs: readonly Tariff[], tokens: number): bigint {
  return tariffs.reduce((dearest, { fixed, perToken }) => {
    const cost = fixed + perToken * BigInt(tokens)
    return cost > dearest ? cost : dearest
  }, 0n)
}
