/** Random contents of packets and maps. */
import type { FuzzWorld, Input } from '../fuzz-case.ts';
import type { Random } from '../random.ts';
import { writeInteger } from './run-state.ts';
import { keyBytes, keyOfIndex } from './tables.ts';
import { Cell, jobs, Locked, marks, PACKET_BYTES, Pair, state } from './world.ts';

/** Some keys of each map have entries, others not. */
export function randomWorldInput(random: Random, world: FuzzWorld): Input {
  const some = (keys: readonly string[], size: number, most: number): Map<string, Uint8Array> => {
    const chosen = keys.filter(() => random.oneIn(2)).slice(0, most);
    return new Map(chosen.map((key) => [key, random.bytes(size)]));
  };
  const every = (count: number, size: number): Map<string, Uint8Array> => {
    return new Map(
      Array.from({ length: count }, (_, index) => [keyOfIndex(BigInt(index)), random.bytes(size)]),
    );
  };
  const indexes = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => keyOfIndex(BigInt(index)));
  const low = [0, 1].flatMap((a) => [0, 1, 2, 3].map((b) => keyBytes.pair(BigInt(a), BigInt(b))));
  const packet = random.bytes(PACKET_BYTES);
  const shares = indexes.map((key) => key.slice(0, 4));
  const inner = world.innerMaps.map(({ outer, key }) => [`${outer} ${key}`, some(indexes, 4, 4)]);
  return {
    packet,
    tables: {
      cells: every(5, Cell.size),
      table: some(indexes, Cell.size, 6),
      pairs: some(low, 8, 8),
      counts: every(5, 8),
      shares: some(shares, Cell.size, 6),
      prefixes: prefixesOf(random, packet),
      locked: lockedOf(random, indexes),
      state: every(1, (state.value as { size: number }).size),
      ...Object.fromEntries(inner),
    },
    sequences: {
      jobs: Array.from({ length: random.below(jobs.maxEntries + 1) }, () =>
        random.bytes(Pair.size),
      ),
      marks: Array.from({ length: random.below(marks.maxEntries + 1) }, () => random.bytes(4)),
    },
  };
}

/** Locks that nobody holds. */
function lockedOf(random: Random, keys: readonly string[]): Map<string, Uint8Array> {
  const lock = Locked.fields.find(({ name }) => name === 'lock')!;
  const chosen = keys.filter(() => random.oneIn(2));
  return new Map(
    chosen.map((key) => {
      const value = random.bytes(Locked.size);
      value.fill(0, lock.offset, lock.offset + lock.field.size);
      return [key, value];
    }),
  );
}

/** Some that the packet's own words begin with. */
function prefixesOf(random: Random, packet: Uint8Array): Map<string, Uint8Array> {
  const made = new Map<string, Uint8Array>();
  const view = new DataView(packet.buffer, packet.byteOffset);
  for (const length of [0, 8, 24, 32]) {
    if (random.oneIn(3)) continue;
    const word = BigInt(view.getUint32(random.pick([4, 12, 20, 90])));
    const shift = BigInt(32 - length);
    const address = length === 0 ? 0n : (word >> shift) << shift;
    const value = new Uint8Array(4);
    writeInteger(
      value,
      0,
      { size: 4, isSigned: false, isBigEndian: false },
      BigInt(random.bits32()),
    );
    made.set(keyBytes.prefix(length, address), value);
  }
  return made;
}
