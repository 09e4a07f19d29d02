/** What is wrong with a classic program, and at which instruction. */

/** A classic program that is malformed, or that the kernel would refuse. */
export class ClassicError extends Error {
  readonly code = 'ERR_CLASSIC_BPF';

  /** @param instruction from 0; `null` where it is about the whole program */
  constructor(
    readonly instruction: number | null,
    readonly found: string,
    readonly expected: string,
    readonly advice?: string,
  ) {
    const at = instruction === null ? '' : ` instruction ${instruction}:`;
    super(
      `classic program:${at} found ${found}, expected ${expected}${advice ? ` (${advice})` : ''}`,
    );
  }
}
