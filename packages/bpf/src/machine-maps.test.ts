/**
 * The machine's maps against the kernel's: the same random operations, the same answers.
 *
 * Of a full LRU map the kernel gives up whichever entries it likes, more than one at a time, so
 * there the contract is: a new key always finds room, it is there afterwards, no more than
 * `maxEntries` are, and each holds what was written last. The machine keeps that contract too, and
 * gives up exactly the entry that was used least recently.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Machine, MapError, type MapShape, type Table } from '@skep/bytecode';
import { MapFlag, type UpdateFlag } from '@skep/ebpf';
import { KernelError } from '@skep/sys';
import { possibleCpuCount } from './cpus.ts';
import type { BpfMap } from './map.ts';
import { createMap } from './open-map.ts';
import { cannotUseBpf } from './testing/programs.ts';

const seed = Number(process.env.SKEP_SEED ?? 20_261_125);
const operations = Number(process.env.SKEP_RUNS ?? 3000);
const cpus = possibleCpuCount();

const plain = { name: 'trial', keySize: 4, valueSize: 12, maxEntries: 16, flags: 0 } as const;
const shapes: readonly MapShape[] = [
  { ...plain, kind: 'hash' },
  { ...plain, kind: 'hash', flags: MapFlag.NoPreallocation },
  { ...plain, kind: 'perCpuHash' },
  { ...plain, kind: 'array' },
  { ...plain, kind: 'perCpuArray' },
  { ...plain, kind: 'lpmTrie', keySize: 6, flags: MapFlag.NoPreallocation },
];

/** Mulberry32. */
function chance(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** What an operation answers, or the number that it fails with. */
function answer(operate: () => unknown): unknown {
  try {
    return operate();
  } catch (error) {
    if (error instanceof MapError || error instanceof KernelError) return { errno: error.errno };
    throw error;
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function contents(entries: Iterable<readonly [Uint8Array, Uint8Array]>): string[] {
  return Array.from(entries, ([key, value]) => `${hex(key)} ${hex(value)}`).sort();
}

/** Few keys, so that they meet; for tries prefixes of each other, with noise beyond the prefix. */
function randomKey(shape: MapShape, below: (count: number) => number): Uint8Array {
  if (shape.kind !== 'lpmTrie') return Uint8Array.of(below(24), 0, 0, 0);
  const length = below(12) === 0 ? 17 + below(3) : below(17);
  return Uint8Array.of(length, 0, 0, 0, below(2) * 0x80 + below(3), below(4) * 0x50);
}

function randomValue(size: number, below: (count: number) => number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => (at % 16 < 12 ? below(256) : 0));
}

interface Pair {
  readonly machine: Table;
  readonly kernel: BpfMap;
}

function pair(context: { after(task: () => void): void }, shape: MapShape): Pair {
  const kernel = createMap(shape);
  context.after(() => kernel.close());
  return { machine: new Machine({ cpus }).createMap(shape) as Table, kernel };
}

/** One operation on either map. */
function operation(
  shape: MapShape,
  size: number,
  below: (count: number) => number,
): (map: Table | BpfMap) => unknown {
  const key = randomKey(shape, below);
  const what = below(10);
  if (what < 5) {
    const value = randomValue(size, below);
    const flag = (below(8) === 0 ? 3 : below(3)) as UpdateFlag;
    return (map) => map.update(key, value, flag);
  }
  if (what < 8) return (map) => map.lookup(key);
  return (map) => map.delete(key);
}

describe('maps of the machine and of the kernel', { skip: cannotUseBpf }, () => {
  for (const shape of shapes) {
    const title = `${shape.kind}, flags ${shape.flags}: ${operations} operations`;
    test(`${title} answer alike (SKEP_SEED=${seed})`, (t) => {
      const below = chance(seed);
      const { machine, kernel } = pair(t, shape);
      for (let step = 0; step < operations; step++) {
        const operate = operation(shape, kernel.transferSize, below);
        const expected = answer(() => operate(kernel));
        assert.deepEqual(
          answer(() => operate(machine)),
          expected,
          `operation ${step}`,
        );
        if (step % 50 === 0)
          assert.deepEqual(contents(machine.entries()), contents(kernel.entries()));
      }
    });
  }

  test(`lruHash keeps its contract, ${operations} operations (SKEP_SEED=${seed})`, (t) => {
    const below = chance(seed);
    const { machine, kernel } = pair(t, { ...plain, kind: 'lruHash' });
    const written = new Map<string, string>();
    for (let step = 0; step < operations; step++) {
      const key = Uint8Array.of(below(200), 0, 0, 0);
      if (below(6) === 0) {
        for (const map of [machine, kernel]) map.delete(key);
        written.delete(hex(key));
        continue;
      }
      const value = randomValue(12, below);
      written.set(hex(key), hex(value));
      for (const map of [machine, kernel]) {
        map.update(key, value);
        assert.deepEqual(map.lookup(key), value, `operation ${step}`);
        const entries = [...map.entries()];
        assert.ok(
          entries.length <= plain.maxEntries,
          `operation ${step}: ${entries.length} entries`,
        );
        for (const [at, held] of entries) assert.equal(hex(held), written.get(hex(at)));
      }
    }
  });

  test('lruHash below its size forgets nothing', (t) => {
    const below = chance(seed);
    const { machine, kernel } = pair(t, { ...plain, kind: 'lruHash', maxEntries: 4096 });
    for (let step = 0; step < operations / 3; step++) {
      const operate = operation({ ...plain, kind: 'hash' }, 12, below);
      assert.deepEqual(
        answer(() => operate(machine)),
        answer(() => operate(kernel)),
        `${step}`,
      );
    }
    assert.deepEqual(contents(machine.entries()), contents(kernel.entries()));
  });
});
