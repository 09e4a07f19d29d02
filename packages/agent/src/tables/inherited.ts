/**
 * What an earlier agent has left in the ipcache: places and the group bits that its programs test.
 */
import { PeerEntry, PrefixKey, SelectorSet } from '@skep/contract';
import { addresses, fromMapAddress, prefixes, selectorSets } from '@skep/datapath';
import { codecOf, u32 } from '@skep/ebpf';
import { formatPrefix, type Prefix, singlePrefix } from '@skep/wire';
import type { InheritedPlaces } from '../model/ipcache.ts';
import type { RawTables } from './raw-tables.ts';

const MAPPED_BITS = 96;

/** Reads the ipcache by prefix text. */
export function readInherited(raw: RawTables): InheritedPlaces {
  const found = new Map<string, { prefix: Prefix; bits: readonly number[] }>();
  const add = (prefix: Prefix, value: Uint8Array): void => {
    const { selectorSet } = codecOf(PeerEntry).decode(value);
    found.set(formatPrefix(prefix), { prefix, bits: bitsOf(raw, selectorSet) });
  };
  for (const { key, value } of raw.entries(addresses)) {
    add(singlePrefix(fromMapAddress(key)), value);
  }
  for (const { key, value } of raw.entries(prefixes)) {
    const { prefixLength } = codecOf(PrefixKey).decode(key);
    const address = fromMapAddress(key.subarray(4));
    add({ address, length: prefixLength - (address.family === 4 ? MAPPED_BITS : 0) }, value);
  }
  return found;
}

function bitsOf(raw: RawTables, set: number): number[] {
  const value = raw.lookup(selectorSets, codecOf(u32).encode(set));
  if (!value) return [];
  const { words } = codecOf(SelectorSet).decode(value);
  return Array.from(words).flatMap((word, index) =>
    Array.from({ length: 64 }, (_, bit) => bit)
      .filter((bit) => (word >> BigInt(bit)) & 1n)
      .map((bit) => index * 64 + bit),
  );
}
