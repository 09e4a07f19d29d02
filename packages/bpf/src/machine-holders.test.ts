/**
 * The machine's maps against the kernel's, beyond tables: queues and stacks, Bloom filters, maps of
 * maps, walks and batches, and which shapes can be made at all. The same random operations, the
 * same answers.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type BloomFilterMap,
  Machine,
  MapError,
  type MapOfMaps,
  type MapShape,
  type QueueMap,
  type Table,
} from '@skep/bytecode';
import { bytes, MapFlag, type PushFlag, Struct } from '@skep/ebpf';
import { KernelError } from '@skep/sys';
import { deleteBatch, updateBatch } from './batch.ts';
import { createMap } from './open-map.ts';
import { clearInnerMap, setInnerMap } from './program-array.ts';
import { ValueFilter, ValueQueue } from './queue.ts';
import { cannotUseBpf } from './testing/programs.ts';

const seed = Number(process.env.SKEP_SEED ?? 20_261_126);
const operations = Number(process.env.SKEP_RUNS ?? 1500);

class Value extends Struct({ bytes: bytes(6) }) {}
const plain = { name: 'trial', keySize: 4, valueSize: 12, maxEntries: 4, flags: 0 } as const;
const valueShape = { ...plain, keySize: 0, valueSize: Value.size } as const;

/** Marsaglia's xorshift. */
function chance(start: number): (below: number) => number {
  let state = start | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What an operation answers, or the number that it fails with. */
function answer(operate: () => unknown): unknown {
  try {
    return operate() ?? null;
  } catch (error) {
    if (error instanceof MapError || error instanceof KernelError) return { errno: error.errno };
    throw error;
  }
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const index = (number: number): Uint8Array => new Uint8Array(Uint32Array.of(number).buffer);

/** What the machine's map answers, as the system call would. */
function taken(result: number, value: Uint8Array): unknown {
  if (result === 0) return hex(value);
  return result === -2 ? null : { errno: -result };
}

describe('queues, filters and maps of maps', { skip: cannotUseBpf }, () => {
  for (const kind of ['queue', 'stack'] as const) {
    test(`${kind}: ${operations} operations answer alike (SKEP_SEED=${seed})`, (t) => {
      const below = chance(seed);
      const shape = { ...valueShape, kind };
      const kernel = new ValueQueue(createMap(shape), Value);
      t.after(() => kernel.close());
      const machine = new Machine().createMap(shape) as QueueMap;
      for (let step = 0; step < operations; step++) {
        const value = Uint8Array.from({ length: Value.size }, () => below(256));
        const what = below(8);
        const found = new Uint8Array(Value.size);
        if (what < 4) {
          const flag = [0, 0, 0, 2, 2, 1, 3][below(7)] as PushFlag;
          const expected = answer(() => kernel.push({ bytes: value }, flag));
          const result = machine.push(value, flag);
          assert.deepEqual(result === 0 ? null : { errno: -result }, expected, `operation ${step}`);
        } else if (what < 6) {
          const expected = answer(() => hexOf(kernel.peek()));
          assert.deepEqual(taken(machine.peek(found), found), expected, `operation ${step}`);
        } else {
          const expected = answer(() => hexOf(kernel.pop()));
          assert.deepEqual(taken(machine.pop(found), found), expected, `operation ${step}`);
        }
      }
    });
  }

  test('a Bloom filter never forgets, on either side', (t) => {
    const below = chance(seed);
    const shape = { ...valueShape, kind: 'bloomFilter', maxEntries: 100 } as const;
    const kernel = new ValueFilter(createMap(shape), Value);
    t.after(() => kernel.close());
    const machine = new Machine().createMap(shape) as BloomFilterMap;
    for (let step = 0; step < 100; step++) {
      const value = Uint8Array.from({ length: Value.size }, () => below(256));
      kernel.add({ bytes: value });
      assert.equal(machine.push(value, 0), 0);
      assert.ok(kernel.has({ bytes: value }));
      assert.equal(machine.peek(value), 0);
    }
  });

  for (const kind of ['arrayOfMaps', 'hashOfMaps'] as const) {
    test(`${kind}: what is put in and taken out (SKEP_SEED=${seed})`, (t) => {
      const below = chance(seed);
      const inner: MapShape = { ...plain, name: 'inner', kind: 'hash' };
      const shape: MapShape = { ...plain, kind, valueSize: 4, maxEntries: 3, inner };
      const machine = new Machine();
      const [outer, kernelOuter] = [machine.createMap(shape) as MapOfMaps, createMap(shape)];
      const others: MapShape[] = [
        ...[inner, inner],
        ...[
          { ...inner, maxEntries: 9 },
          { ...inner, valueSize: 8 },
        ],
        { ...inner, kind: 'array' },
        { ...inner, flags: MapFlag.NoPreallocation },
      ];
      const made = others.map((each) => machine.createUnnamedMap(each));
      const kernelMade = others.map((each) => createMap(each));
      t.after(() => {
        for (const map of [kernelOuter, ...kernelMade]) map.close();
      });
      for (let step = 0; step < operations / 5; step++) {
        const key = index(below(5));
        const which = below(others.length);
        const [have, want] =
          below(3) > 0
            ? [
                answer(() => outer.set(key, made[which]!)),
                answer(() => setInnerMap(kernelOuter, key, kernelMade[which]!)),
              ]
            : [answer(() => outer.delete(key)), answer(() => clearInnerMap(kernelOuter, key))];
        assert.deepEqual(have, want, `operation ${step}, key ${key[0]}, map ${which}`);
        for (let slot = 0; slot < 5; slot++) {
          const isThere = answer(() => kernelOuter.lookup(index(slot)) !== undefined);
          assert.equal(outer.get(index(slot)) !== undefined, isThere, `operation ${step}`);
        }
      }
    });
  }
});

function hexOf(value: { readonly bytes: Uint8Array } | undefined): string | null {
  return value ? hex(value.bytes) : null;
}

describe('walks and batches', { skip: cannotUseBpf }, () => {
  const shapes: readonly MapShape[] = [
    { ...plain, kind: 'hash', maxEntries: 40 },
    { ...plain, kind: 'lruHash', maxEntries: 4096 },
    { ...plain, kind: 'array', maxEntries: 12 },
    { ...plain, kind: 'lpmTrie', keySize: 6, maxEntries: 40, flags: MapFlag.NoPreallocation },
  ];
  for (const shape of shapes) {
    test(`${shape.kind}: keys in turn, and many at once (SKEP_SEED=${seed})`, (t) => {
      const below = chance(seed);
      const kernel = createMap(shape);
      t.after(() => kernel.close());
      const machine = new Machine().createMap(shape) as Table;
      const key = (): Uint8Array => {
        if (shape.kind !== 'lpmTrie') return index(below(shape.kind === 'array' ? 14 : 60));
        return Uint8Array.of(below(17), 0, 0, 0, below(4) << 6, below(4) << 5);
      };
      for (let round = 0; round < 30; round++) {
        const entries = Array.from({ length: below(12) }, () => {
          return [key(), Uint8Array.from({ length: 12 }, () => below(256))] as const;
        });
        const one = answer(() => updateBatch(kernel, entries));
        const other = answer(() => {
          for (const [at, value] of entries) machine.update(at, value);
        });
        assert.deepEqual(other, one, `round ${round}`);
        if (shape.kind !== 'array') {
          const keys = Array.from({ length: below(8) }, key);
          const deleted = keys.filter((each) => machine.delete(each)).length;
          assert.equal(deleted, deleteBatch(kernel, keys), `round ${round}`);
        }
        const walked = [...kernel.keys()].map(hex);
        const known = machine.entries().map(([at]) => hex(at));
        // Hashes have an order of their own on each side.
        const isOrdered = shape.kind === 'array';
        assert.deepEqual(
          isOrdered ? known : known.sort(),
          isOrdered ? walked : walked.sort(),
          `round ${round}`,
        );
        const contents = [...kernel.entries()].map(([at, value]) => `${hex(at)} ${hex(value)}`);
        const own = machine.entries().map(([at, value]) => `${hex(at)} ${hex(value)}`);
        assert.deepEqual(own.sort(), contents.sort(), `round ${round}`);
      }
    });
  }
});

describe('shapes that can be made', { skip: cannotUseBpf }, () => {
  const kinds = [
    ...(['hash', 'array', 'perCpuHash', 'perCpuArray', 'lruHash', 'lpmTrie'] as const),
    ...(['queue', 'stack', 'bloomFilter', 'ringBuffer', 'programArray'] as const),
  ];
  for (const kind of kinds) {
    test(`${kind}: refused alike`, () => {
      const differing: string[] = [];
      for (const keySize of [0, 1, 4, 5, 8, 260, 261]) {
        for (const valueSize of [0, 1, 4, 12]) {
          for (const maxEntries of [0, 1, 3, 4096, 6000]) {
            for (const flags of [0, MapFlag.NoPreallocation]) {
              const shape: MapShape = { ...plain, kind, keySize, valueSize, maxEntries, flags };
              const have = made(() => void new Machine().createMap(shape));
              const want = made(() => createMap(shape).close());
              if (have === want) continue;
              differing.push(`${JSON.stringify(shape)}: machine ${have}, kernel ${want}`);
            }
          }
        }
      }
      assert.equal(differing.length, 0, `${differing.length}: ${differing.slice(0, 9).join('\n')}`);
    });
  }
});

/** `made`, or the error number. */
function made(make: () => void): string {
  const result = answer(make) as { readonly errno: number } | null;
  return result === null ? 'made' : `errno ${result.errno}`;
}
