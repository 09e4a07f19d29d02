/** Interleaved rounds: each round measures every variant, so that all meet the same weather. */

/** One side of a comparison. */
export interface Variant {
  readonly name: string;
  /** Takes one sample. */
  readonly measure: () => number | Promise<number>;
}

/**
 * Measures all variants, `rounds` times; the order turns by one each round, so that no variant
 * always comes first. One round before is not counted.
 *
 * @returns the samples of each variant, by its name, in the order of the rounds.
 */
export async function interleave(
  variants: readonly Variant[],
  rounds: number,
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    const start = Math.max(round, 0) % variants.length;
    for (const variant of [...variants.slice(start), ...variants.slice(0, start)]) {
      const sample = await variant.measure();
      if (round >= 0) samples.get(variant.name)?.push(sample);
    }
  }
  return samples;
}
