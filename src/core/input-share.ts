// What share of its strict bound the input of a call really is: learned from calls that ended, as a mean, a spread and a recent peak.

/** Of calls that are alike. Shares are of the strict bound: 1 is a call that read all that it could have. */
export type InputShare = {
  readonly samples: number
  readonly mean: number
  /** the mean square distance from the mean */
  readonly variance: number
  /** the largest share of late; it fades */
  readonly peak: number
}

/** Newer calls count for more: one of them moves the mean by a thirty-second of its distance. */
const WEIGHT = 1 / 32
/** How much of a peak is left after each call that stays below it: half after about seventy. */
const FADING = 0.99
/** Fewer calls say nothing. */
const LEAST_SAMPLES = 20
/** So many deviations above the mean, and an eighth on top. */
const DEVIATIONS = 4
const MARGIN = 1.125
/** However little the calls have read, the next is not assumed to read less than this share. */
const LEAST_SHARE = 1 / 32

export function learnShare(before: InputShare | null, share: number): InputShare {
  const seen = Math.min(1, Math.max(0, share))
  if (before === null) return { samples: 1, mean: seen, variance: 0, peak: seen }
  const { samples, mean, variance, peak } = before
  // the first samples count alike, so that the very first does not stand out for ever
  const weight = Math.max(WEIGHT, 1 / (samples + 1))
  const distance = seen - mean
  return {
    samples: Math.min(samples + 1, Number.MAX_SAFE_INTEGER),
    mean: mean + weight * distance,
    variance: (1 - weight) * (variance + weight * distance * distance),
    peak: Math.max(seen, peak * FADING),
  }
}

/** Tokens to hold for an input that is at most `bound`: never more than that, and that itself until enough is known. */
export function estimateInput(share: InputShare | null, bound: number): number {
  if (share === null || share.samples < LEAST_SAMPLES) return bound
  const upper = Math.max(share.mean + DEVIATIONS * Math.sqrt(share.variance), share.peak) * MARGIN
  return Math.min(bound, Math.ceil(bound * Math.max(LEAST_SHARE, upper)))
}
