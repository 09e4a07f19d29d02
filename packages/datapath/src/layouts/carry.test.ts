/** Entries of made-up older layouts become entries of made-up newer ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecOf, Struct, u8, u16, u32, be16, bytes } from '@skep/ebpf';
import type { Field } from '@skep/ebpf';
import { type Carry, type LayoutKnowledge, planCarry } from './carry.ts';
import { fieldOf, textOf } from './field-text.ts';
import type { Layout, MapLayout } from './layout.ts';
import type { LayoutEntry, Migration } from './migrations.ts';

class Key extends Struct({ port: be16, padding: u16 }) {}
class Old extends Struct({ packets: u32, flags: u8, mac: bytes(6) }) {}
class Reordered extends Struct({ mac: bytes(6), flags: u8, packets: u32 }) {}
class Wider extends Struct({ packets: u32, flags: u16, mac: bytes(6) }) {}

function table(value: Field, kind: MapLayout['kind'] = 'hash', key: Field = Key): MapLayout {
  const sizes = { keySize: key.size, valueSize: value.size };
  return { kind, maxEntries: 8, flags: 0, ...sizes, key: textOf(key), value: textOf(value) };
}

function layout(number: number, maps: Layout['maps'], carried = Object.keys(maps)): Layout {
  return { number, maps, carried };
}

/** The plan of a build that knows these steps and nothing else. */
function plan(
  from: Layout,
  to: Layout,
  migrations: readonly Migration[],
  more: Partial<LayoutKnowledge> = {},
): ReadonlyMap<string, Carry> {
  return planCarry(from, to, { migrations, arrivals: {}, layoutOf: () => undefined, ...more });
}

const none: Migration = { from: 1, maps: {} };
const widen: Migration = { from: 1, maps: { flows: (entry) => entry } };
const key = codecOf(Key).encode({ port: 80, padding: 0 });
const old = { packets: 5, flags: 3, mac: Uint8Array.of(1, 2, 3, 4, 5, 6) };
const entry = { map: 'flows', key, value: codecOf(Old).encode(old) };
const before = layout(1, { flows: table(Old) });

test('what is the same goes over as it is', () => {
  const carry = plan(before, layout(2, { flows: table(Old) }), [none]).get('flows')!;
  assert.equal(carry(entry), entry);
});

test('of one layout to itself', () => {
  assert.equal(plan(before, before, []).get('flows')!(entry), entry);
});

test('fields that have moved go over by their names', () => {
  const after = layout(2, { flows: table(Reordered) });
  const renewed = plan(before, after, [none]).get('flows')!(entry);
  assert.deepEqual(renewed?.key, key);
  assert.deepEqual(codecOf(Reordered).decode(renewed!.value), old);
});

test('a step says what becomes of the rest', () => {
  const after = layout(2, { flows: table(Wider) });
  const renewed = plan(before, after, [widen]).get('flows')!(entry);
  assert.deepEqual(codecOf(Wider).decode(renewed!.value), old);
});

test('a table of another kind, one of another name, one that is gone', () => {
  const from = layout(1, {
    flows: table(Old),
    ended: table(Old),
    counts: table(u32, 'array', u32),
  });
  const to = layout(2, { known: table(Old, 'lruHash'), counts: table(u32, 'hash', u32) });
  const step: Migration = {
    from: 1,
    maps: {
      flows: (each) => ({ ...each, map: 'known' }),
      ended: () => undefined,
      counts: (each) => (each.value === 0 ? undefined : each),
    },
  };
  const carries = plan(from, to, [step]);
  assert.deepEqual(carries.get('flows')!(entry), { ...entry, map: 'known' });
  assert.equal(carries.get('ended')!({ ...entry, map: 'ended' }), undefined);
  const count = (value: number) => ({ map: 'counts', key: u32Bytes(2), value: u32Bytes(value) });
  assert.equal(carries.get('counts')!(count(0)), undefined);
  assert.deepEqual(carries.get('counts')!(count(9)), count(9));
});

test('a table that takes no entries from outside says where they go', () => {
  const after = layout(2, { flows: table(Old), known: table(Old) });
  const arrivals = { flows: (each: LayoutEntry) => ({ ...each, map: 'known' }) };
  const renewed = plan(before, after, [none], { arrivals }).get('flows')!(entry);
  assert.deepEqual(renewed, { ...entry, map: 'known' });
});

test('several steps, one after the other', () => {
  const middle = layout(2, { renamed: table(Old) });
  const after = layout(3, { renamed: table(Wider) });
  const steps: Migration[] = [
    { from: 1, maps: { flows: (each) => ({ ...each, map: 'renamed' }) } },
    {
      from: 2,
      maps: {
        renamed: (each) => ({ ...each, value: { ...(each.value as typeof old), flags: 300 } }),
      },
    },
  ];
  const layoutOf = (number: number) => (number === 2 ? middle : undefined);
  const renewed = plan(before, after, steps, { layoutOf }).get('flows')!(entry);
  assert.equal(renewed?.map, 'renamed');
  assert.deepEqual(codecOf(Wider).decode(renewed!.value), { ...old, flags: 300 });
});

const refused: [name: string, to: Layout, steps: Migration[], message: RegExp][] = [
  ['a step is missing', layout(2, {}), [], /^migrate layout 1 to 2: this build knows no way$/],
  ['a table is gone', layout(2, {}), [none], /map flows: it is gone \(say in layouts/],
  [
    'a table is of another kind',
    layout(2, { flows: table(Old, 'lruHash') }),
    [none],
    /kind lruHash, was hash/,
  ],
  [
    'a value has other fields',
    layout(2, { flows: table(Wider) }),
    [none],
    /other fields in its value/,
  ],
  [
    'a key has other fields',
    layout(2, { flows: table(Old, 'hash', u32) }),
    [none],
    /other fields in its key/,
  ],
  [
    'a table is not carried',
    layout(2, { flows: table(Old) }, []),
    [none],
    /not carried over any more/,
  ],
  [
    'the layout between is not known',
    layout(3, { flows: table(Old) }),
    [none],
    /1 to 2: this build knows/,
  ],
];

for (const [name, to, steps, message] of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(() => plan(before, to, steps), { code: 'ERR_MIGRATION', message });
  });
}

test('fields are the same after being written down', () => {
  for (const field of [
    Key,
    Old,
    Reordered,
    u8,
    be16,
    bytes(3),
    Struct({ a: u8, b: u32 }, { packed: true }),
  ]) {
    const read = fieldOf(JSON.parse(JSON.stringify(textOf(field))));
    assert.deepEqual(textOf(read), textOf(field));
    assert.equal(read.size, field.size);
  }
});

function u32Bytes(value: number): Uint8Array {
  return codecOf(u32).encode(value);
}
