/** The keys of the world's maps, and what the kernel does with them. */
import { hex, unhex } from '../fuzz-case.ts';
import { type ModelTable, writeInteger } from './run-state.ts';

const host = (size: number) => ({ size, isSigned: false, isBigEndian: false });
const network = (size: number) => ({ size, isSigned: false, isBigEndian: true });

/** A key of 4 bytes. */
export function keyOfIndex(index: bigint): string {
  const bytes = new Uint8Array(4);
  writeInteger(bytes, 0, host(4), index);
  return hex(bytes);
}

/** Keys of structs, and of 2 bytes. */
export const keyBytes = {
  pair: (low: bigint, high: bigint): string => {
    const bytes = new Uint8Array(4);
    writeInteger(bytes, 0, host(2), low);
    writeInteger(bytes, 2, network(2), high);
    return hex(bytes);
  },
  share: (index: bigint): string => keyOfIndex(index).slice(0, 4),
  prefix: (length: number, address: bigint): string => {
    const bytes = new Uint8Array(8);
    writeInteger(bytes, 0, host(4), BigInt(length));
    writeInteger(bytes, 4, network(4), address);
    return hex(bytes);
  },
};

/** The value of the longest prefix of at most `length` bits that the address begins with. */
export function longestPrefix(
  table: ModelTable,
  address: bigint,
  length: number,
): Uint8Array | undefined {
  let best: Uint8Array | undefined;
  let longest = -1;
  for (const [key, value] of table) {
    const view = new DataView(unhex(key).buffer);
    const bits = view.getUint32(0, true);
    const own = BigInt(view.getUint32(4));
    const isPrefix = bits === 0 || own >> BigInt(32 - bits) === address >> BigInt(32 - bits);
    if (bits > length || bits <= longest || !isPrefix) continue;
    [best, longest] = [value, bits];
  }
  return best;
}

const [EXIST, MISSING, FULL] = [-17n, -2n, -7n];

/** What `update` of a hash answers. */
export function updateHash(
  table: ModelTable,
  entry: { readonly key: string; readonly value: Uint8Array },
  flag: number,
  maxEntries: number,
): bigint {
  const isKnown = table.has(entry.key);
  if (isKnown && flag === 1) return EXIST;
  if (!isKnown && flag === 2) return MISSING;
  if (!isKnown && table.size >= maxEntries) return FULL;
  table.set(entry.key, entry.value);
  return 0n;
}

/** What `update` of an array answers. */
export function updateArray(
  table: ModelTable,
  entry: { readonly key: string; readonly value: Uint8Array },
  flag: number,
): bigint {
  const known = table.get(entry.key);
  if (!known) return FULL;
  if (flag === 1) return EXIST;
  known.set(entry.value);
  return 0n;
}

/** What `delete` of a hash answers. */
export function deleteFrom(table: ModelTable, key: string): bigint {
  return table.delete(key) ? 0n : MISSING;
}
