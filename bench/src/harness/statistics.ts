/** Numbers that describe many numbers. A machine with neighbours gives outliers: no means here. */

/** The value that `share` of the samples (0 to 1) do not exceed; 0.5 is the median. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('percentile of no samples: expected at least one');
  const sorted = [...samples].sort((a, b) => a - b);
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const lower = sorted[below] ?? 0;
  const upper = sorted[Math.min(below + 1, sorted.length - 1)] ?? 0;
  return lower + (upper - lower) * (position - below);
}

/** The middle value. */
export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/**
 * The median of the ratios within each pair. What slows a whole round down slows both of its sides,
 * so this is steadier than the ratio of the medians.
 */
export function pairedRatio(ours: readonly number[], reference: readonly number[]): number {
  if (ours.length !== reference.length) {
    throw new RangeError(`pairs: found ${ours.length} and ${reference.length} samples`);
  }
  return median(ours.map((value, index) => value / (reference[index] ?? Number.NaN)));
}

/** The least of three: what an interrupt adds to a short run is not its own. */
export function least(time: () => number): number {
  return Math.min(time(), time(), time());
}
