/** Ranges of bytes that are accessed through a register. */

/** Bytes from what the register holds on: from `from` to before `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly isStore: boolean;
}

/** Offsets that an instruction can have. */
const REACH = 0x7fff;

/** The bytes of a load or store. */
export function accessSpan(
  { offset, size }: { readonly offset: number; readonly size: number },
  isStore: boolean,
): Span {
  return { from: offset, to: offset + size, isStore };
}

/** Whether a field of the context could be accessed so. */
export function isLikeField({ from, to }: Span): boolean {
  return to - from === 4 && from % 4 === 0 && from >= 0;
}

/** The same bytes from an address that is lower by so many; `undefined` for one too far. */
export function shifted({ from, to, isStore }: Span, by: number): Span | undefined {
  const isNear = Math.abs(from + by) <= REACH && Math.abs(to + by) <= REACH;
  return isNear ? { from: from + by, to: to + by, isStore } : undefined;
}

/** Whether who checked the one need not check the other. */
export function covers(one: Span, other: Span): boolean {
  return one.from <= other.from && other.to <= one.to && (one.isStore || !other.isStore);
}

/** What covers both. */
export function union(one: Span | undefined, other: Span | undefined): Span | undefined {
  if (!one || !other) return one ?? other;
  return {
    from: Math.min(one.from, other.from),
    to: Math.max(one.to, other.to),
    isStore: one.isStore || other.isStore,
  };
}
