/** The addresses of one family that an agent may give. */
import { type Address, formatAddress } from '@skep/wire';
import {
  type AddressRange,
  formatRange,
  isInRanges,
  sizeOf,
  subtractRanges,
  toAddress,
} from './address-range.ts';

/** Gives addresses in a circle, so that one that was given back waits until all others were. */
export class AddressPool {
  readonly ranges: readonly AddressRange[];
  private rangeIndex = 0;
  private next: bigint;

  /** @param reserved is never given; whoever asks for one of these by name may have it */
  constructor(
    readonly family: 4 | 6,
    ranges: readonly AddressRange[],
    reserved: readonly AddressRange[],
  ) {
    this.ranges = subtractRanges(ranges, reserved);
    this.next = this.ranges[0]?.first ?? 0n;
  }

  /** How many addresses it has. */
  get size(): bigint {
    return sizeOf(this.ranges);
  }

  has(address: Address): boolean {
    return isInRanges(this.ranges, address);
  }

  /** The next one that is free; `undefined` when none is. */
  take(isFree: (text: string) => boolean): string | undefined {
    const { size } = this;
    for (let step = 0n; step < size; step++) {
      const text = formatAddress(toAddress(this.family, this.step()));
      if (isFree(text)) return text;
    }
    return undefined;
  }

  /** Whether {@link take} would find one. */
  hasFree(isFree: (text: string) => boolean): boolean {
    const { rangeIndex, next } = this;
    const found = this.take(isFree);
    [this.rangeIndex, this.next] = [rangeIndex, next];
    return found !== undefined;
  }

  /** `IPv4 pool 10.0.0.1-10.0.0.9, 10.1.0.1-10.1.0.9`. */
  toString(): string {
    return `IPv${this.family} pool ${this.rangeTexts().join(', ')}`;
  }

  rangeTexts(): string[] {
    return this.ranges.map(formatRange);
  }

  private step(): bigint {
    const number = this.next;
    const { last } = this.ranges[this.rangeIndex]!;
    if (number < last) {
      this.next = number + 1n;
    } else {
      this.rangeIndex = (this.rangeIndex + 1) % this.ranges.length;
      this.next = this.ranges[this.rangeIndex]!.first;
    }
    return number;
  }
}
