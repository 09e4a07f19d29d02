/** Numbers that are never given twice, whatever crashes: a block is reserved on disk before use. */

const BLOCK = 4096;

/** Counts up, also across restarts and crashes, with one write for a block of numbers. */
export class Revisions {
  private next: number;

  /** @param reserve says on disk that revisions below the number may be in use */
  constructor(
    reservedBefore: number,
    private readonly reserve: (reserved: number) => void,
  ) {
    this.next = reservedBefore + 1;
    this.reserved = reservedBefore;
  }

  private reserved: number;

  get last(): number {
    return this.next - 1;
  }

  take(): number {
    if (this.next > this.reserved) {
      this.reserved = this.next + BLOCK;
      this.reserve(this.reserved);
    }
    return this.next++;
  }
}
