/** Random frames that can be had again: the same seed gives the same ones. */
/** A number from 0 to below `bound`. */
export type RandomNumbers = (bound: number) => number;

/** Marsaglia's xorshift of 32 bits. */
export function randomNumbers(seed: number): RandomNumbers {
  let state = seed | 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

const NOISE_BYTES_MAX = 200;
/** What a frame has to have in front of it, so that noise gets past the first checks. */
const LINK_BYTES = 14;
const CHANGES_MAX = 6;

/**
 * One frame in eight is noise behind a valid link header, one in eight noise from its first byte;
 * the others are valid ones that were changed.
 */
export function randomFrame(random: RandomNumbers, frames: readonly Uint8Array[]): Uint8Array {
  const valid = frames[random(frames.length)]!;
  const kind = random(8);
  if (kind === 0) return noise(random, 0, valid);
  if (kind === 1) return noise(random, LINK_BYTES, valid);
  return mutated(random, valid);
}

function noise(random: RandomNumbers, from: number, valid: Uint8Array): Uint8Array {
  const frame = new Uint8Array(from + 1 + random(NOISE_BYTES_MAX));
  for (let at = 0; at < frame.length; at++) frame[at] = at < from ? valid[at]! : random(256);
  return frame;
}

/** Bytes changed behind the MAC addresses, mostly in the headers; sometimes cut as well. */
export function mutated(random: RandomNumbers, valid: Uint8Array): Uint8Array {
  const isCut = random(4) === 0;
  const frame = valid.slice(0, isCut ? LINK_BYTES + random(valid.length - LINK_BYTES) : undefined);
  for (let left = 1 + random(CHANGES_MAX); left > 0; left--) {
    const first = random(16) === 0 ? 0 : 12;
    const at = first + random(frame.length - first);
    frame[at] = random(2) === 0 ? random(256) : frame[at]! ^ (1 << random(8));
  }
  return frame;
}
