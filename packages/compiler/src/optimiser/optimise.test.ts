/** Each rule on the smallest function that shows it: what is built, and what is left. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { MapShape } from '@skep/bytecode';
import { Variable } from '../ir/variables.ts';
import type { Space, Value } from '../ir/ir.ts';
import { at, optimised, type Sketch } from './testing/sketch.ts';

const lookup = { id: 1, name: 'map_lookup_elem', movesPacket: false };
const pullData = { id: 39, name: 'skb_pull_data', movesPacket: true };
const numbers: MapShape = {
  name: 'numbers',
  kind: 'array',
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 0,
};

const foldings: [string, (b: Sketch) => Value, string][] = [
  ['constants', (b) => b.binary('add', b.c(2), b.c(0xffffffff)), 'return 1'],
  ['division by zero', (b) => b.binary('div', b.c(7), b.c(0)), 'return 0'],
  ['remainder by zero', (b) => b.binary('mod', b.c(7), b.c(0)), 'return 7'],
  ['shift by more than the width', (b) => b.binary('shl', b.c(1), b.c(33)), 'return 2'],
  ['signed shift', (b) => b.binary('sar', b.c(0x80000000), b.c(31)), 'return 0xffffffff'],
  ['x + 0', (b) => b.binary('add', b.any64, b.c(0, 64)), 'return v0'],
  ['x - x', (b) => b.binary('sub', b.any64, b.any64), 'return 0'],
  ['x and x', (b) => b.binary('and', b.any64, b.any64), 'return v0'],
  ['x * 8', (b) => b.binary('mul', b.any64, b.c(8, 64)), 'v1:64 = shl v0 3; return v1'],
  ['x / 16', (b) => b.binary('div', b.any64, b.c(16, 64)), 'v1:64 = shr v0 4; return v1'],
  ['x % 16', (b) => b.binary('mod', b.any64, b.c(16, 64)), 'v1:64 = and v0 15; return v1'],
  [
    '(x + 3) + 4',
    (b) => b.binary('add', b.binary('add', b.any64, b.c(3, 64)), b.c(4, 64)),
    'v1:64 = add v0 7; return v1',
  ],
  [
    'constants go to the right',
    (b) => b.binary('xor', b.c(5, 64), b.any64),
    'v1:64 = xor v0 5; return v1',
  ],
  [
    'a mask of bits that are zero anyway',
    (b) => b.binary('and', b.loaded(2), b.c(0xffff)),
    'v1:32 = load 2 map [v0 + 0]; return v1',
  ],
  [
    'a mask behind a remainder stays: the verifier knows nothing of one',
    (b) => b.binary('and', b.binary('mod', b.any64, b.c(7, 64)), b.c(31, 64)),
    'v1:64 = mod v0 7; v2:64 = and v1 31; return v2',
  ],
  [
    'truncated extension',
    (b) => b.resize(b.resize(b.loaded(4), 64), 32),
    'v1:32 = load 4 map [v0 + 0]; return v1',
  ],
  [
    'sign of a small number',
    (b) => b.resize(b.loaded(2), 64, true),
    'v1:32 = load 2 map [v0 + 0]; v2:64 = zeroExtend v1; return v2',
  ],
  [
    'swap of a swap',
    (b) => b.byteSwap(b.byteSwap(b.loaded(4), 32), 32),
    'v1:32 = load 4 map [v0 + 0]; return v1',
  ],
  ['swap of a constant', (b) => b.byteSwap(b.c(0x1234), 16), 'return 13330'],
  [
    'the same twice',
    (b) =>
      b.binary('xor', b.binary('mul', b.any64, b.c(5, 64)), b.binary('mul', b.any64, b.c(5, 64))),
    'return 0',
  ],
];

for (const [name, build, expected] of foldings) {
  test(`simplify: ${name}`, () => {
    const text = optimised((b) => b.return(build(b)));
    assert.equal(text.replace('b0:; ', '').replace('v0:64 = parameter 0; ', ''), expected);
  });
}

/** Where the branch of a function ends up that returns 1 if the comparison holds. */
function branchOf(build: (b: Sketch) => [Parameters<Sketch['branch']>[0], Value, Value]): string {
  const text = optimised((b) => {
    const [comparison, left, right] = build(b);
    b.choose(comparison, left, right, () => b.return(b.c(1)));
    b.return(b.c(0));
  });
  return /branch (\w+ \S+ \S+)/.exec(text)?.[1] ?? /return (\d)/.exec(text)![0];
}

test('branches: a byte swap moves to the constant', () => {
  const found = branchOf((b) => ['eq', b.byteSwap(b.loaded(2), 16), b.c(0x800)]);
  assert.equal(found, 'eq v1 8');
});

test('branches: a byte swap of a port in a wider field moves to the constant', () => {
  const found = branchOf((b) => ['ne', b.byteSwap(b.loaded(4), 16, true), b.c(25)]);
  assert.equal(found, 'ne v1 6400');
  const swapped = branchOf((b) => ['ne', b.byteSwap(b.loaded(4), 16), b.c(25)]);
  assert.equal(swapped, 'ne v2 25');
});

test('branches: a byte swap under a mask moves to both constants', () => {
  const text = optimised((b) => {
    const masked = b.binary('and', b.byteSwap(b.loaded(2), 16), b.c(0x3fff));
    b.choose('ne', masked, b.c(0), () => b.return(b.c(1)));
    b.return(b.c(0));
  });
  assert.match(text, /v2:32 = and v1 65343; branch ne v2 0/);
});

test('branches: extended values are compared before they are extended', () => {
  const found = branchOf((b) => ['lt', b.resize(b.loaded(4), 64), b.c(9, 64)]);
  assert.equal(found, 'lt v1 9');
});

test('branches: what cannot be is decided', () => {
  assert.equal(
    branchOf((b) => ['gt', b.loaded(1), b.c(255)]),
    'return 0',
  );
  assert.equal(
    branchOf((b) => ['eq', b.loaded(1), b.c(256)]),
    'return 0',
  );
  assert.equal(
    branchOf((b) => ['ge', b.loaded(1), b.c(0)]),
    'return 1',
  );
  assert.equal(
    branchOf((b) => ['ne', b.slot('s', 8), b.c(0, 64)]),
    'return 1',
  );
});

test('branches: what a dominating branch decided is known', () => {
  const text = optimised((b) => {
    b.choose('lt', b.any64, b.c(5, 64), () => {
      b.choose('ge', b.any64, b.c(5, 64), () => b.return(b.c(1)));
      b.return(b.c(2));
    });
    b.return(b.c(3));
  });
  assert.doesNotMatch(text, /return 1/);
});

test('addresses: constants go into the offset', () => {
  const text = optimised((b) => b.return(b.load(b.offset(b.any64, 12), at('map', 2, 4))));
  assert.match(text, /v1:32 = load 4 map \[v0 \+ 14\]; return v1/);
});

test('addresses: a packet pointer keeps only its variable part', () => {
  const text = optimised((b) => {
    const length = b.binary('add', b.loaded(1), b.c(14));
    const pointer = b.packetPointer(b.any64, b.resize(length, 64));
    b.return(b.load(pointer, at('packet', 2, 2)));
  });
  assert.match(text, /v3:64 = add v0 v2; v4:32 = load 2 packet \[v3 \+ 16\]/);
});

test('addresses: a sum that was checked stays, if its variable part may be large', () => {
  const text = optimised((b) => {
    const sum = b.binary('add', b.loaded(4), b.c(14));
    b.return(b.load(b.packetPointer(b.any64, b.resize(sum, 64)), at('packet', 2, 2)));
  });
  assert.match(text, /load 2 packet \[v4 \+ 2\]/);
});

test('simplify: a mask of what a loop of the kernel carries stays', () => {
  const text = optimised((b) => {
    const carried = new Variable('carried', 32);
    b.write(carried, b.c(0));
    const [head, body, after] = [b.makeBlock(), b.makeBlock(), b.makeBlock()];
    b.jump(head);
    b.start(head);
    b.branch('ge', b.turn(100), b.c(100), after, body);
    b.sealAndStart(body);
    b.write(carried, b.c(3));
    b.jump(head);
    b.seal(head);
    b.sealAndStart(after);
    b.return(b.resize(b.binary('and', b.read(carried), b.c(31)), 64));
  });
  assert.match(text, /and v\d+ 31/);
});

test('jump threading: a predecessor that knows the answer does not ask', () => {
  const build = (b: Sketch): void => {
    const pointer = new Variable('pointer', 64);
    const key = b.slot('key', 4);
    b.store(key, at('stack', 0, 4), b.c(0));
    b.write(pointer, b.c(0, 64));
    b.choose('ne', b.any64, b.c(0, 64), () => {
      b.write(pointer, b.call(lookup, [b.map(numbers), key]));
    });
    b.choose('eq', b.read(pointer), b.c(0, 64), () => b.return(b.c(1)));
    b.return(b.load(b.read(pointer), at('map', 0, 4)));
  };
  assert.doesNotMatch(optimised(build), /phi/);
  assert.match(optimised(build, { threadJumps: false }), /phi/);
});

test('jump threading: what a predecessor has branched on it knows', () => {
  const build = (b: Sketch): void => {
    const [first, second] = [new Variable('first', 32), new Variable('second', 32)];
    const ask = (variable: Variable, isMore: boolean): void => {
      const write = (number: number) => () => b.write(variable, b.c(number));
      b.choose(isMore ? 'gt' : 'le', b.any64, b.c(9, 64), write(3), write(4));
    };
    ask(first, true);
    ask(second, false);
    b.return(b.binary('mul', b.read(first), b.read(second)));
  };
  const branches = (text: string): number => text.split('branch').length - 1;
  assert.equal(branches(optimised(build)), 1);
  assert.equal(branches(optimised(build, { threadJumps: false })), 2);
});

test('control flow: a result that was gathered twice is known where it is asked for', () => {
  const build = (b: Sketch): void => {
    const [inner, outer] = [new Variable('inner', 32), new Variable('outer', 32)];
    const isGreater = (bound: number, then: () => void, otherwise: () => void): void =>
      b.choose('gt', b.any64, b.c(bound, 64), then, otherwise);
    isGreater(
      9,
      () => b.write(outer, b.c(7)),
      () => {
        isGreater(
          5,
          () => b.write(inner, b.c(0)),
          () => b.write(inner, b.c(8)),
        );
        b.write(outer, b.read(inner));
      },
    );
    b.choose('eq', b.read(outer), b.c(0), () => b.return(b.c(1)));
    b.return(b.read(outer));
  };
  assert.doesNotMatch(optimised(build), /phi/);
});

test('control flow: what a loop takes on its way back is gathered before the loop', () => {
  const text = optimised((b) => {
    const [found, taken, count] = [32, 32, 32].map((width, index) => {
      return new Variable(`${index}`, width as 32);
    }) as [Variable, Variable, Variable];
    b.write(count, b.loaded(4, 8));
    b.choose(
      'gt',
      b.any64,
      b.constant(9, 64),
      () => b.write(found, b.loaded(4)),
      () => b.write(found, b.c(7)),
    );
    b.write(taken, b.c(1));
    const [head, body, after] = [b.makeBlock(), b.makeBlock(), b.makeBlock()];
    b.jump(head);
    b.start(head);
    b.branch('ne', b.read(count), b.c(0), body, after);
    b.sealAndStart(body);
    b.write(taken, b.read(found));
    b.write(count, b.binary('sub', b.read(count), b.c(1)));
    b.jump(head);
    b.seal(head);
    b.sealAndStart(after);
    b.return(b.resize(b.read(taken), 64));
  });
  const [gathered] = /v\d+(?=:32 = phi v\d+ 7)/.exec(text) ?? [];
  assert.match(text, new RegExp(`phi 1 ${gathered}`));
});

test('control flow: a branch whose sides are the same goes', () => {
  const text = optimised((b) => {
    b.choose('ne', b.any64, b.c(0, 64), () => {});
    b.return(b.c(2));
  });
  assert.equal(text, 'b0:; return 2');
});

test('common values: a load after a store gives what was stored', () => {
  const text = optimised((b) => {
    b.store(b.any64, at('map', 8, 8), b.any64);
    b.return(b.load(b.any64, at('map', 8, 8)));
  });
  assert.match(text, /return v0$/);
});

test('common values: a store through another pointer may have changed it', () => {
  const text = optimised((b) => {
    const other = b.parameter(1);
    b.store(b.any64, at('map', 8, 8), b.any64);
    b.store(other, at('map', 0, 8), b.c(1, 64));
    b.return(b.load(b.any64, at('map', 8, 8)));
  });
  assert.match(text, /load 8 map/);
});

test('common values: a call makes the packet unknown', () => {
  const count = (helper: typeof lookup, space: Space): number => {
    const text = optimised((b) => {
      const context = b.context();
      const load = (): Value => b.load(context, at(space, 76, 4), 64);
      const first = load();
      b.call(helper, [context, b.c(0, 64)]);
      b.return(b.binary('add', first, load()));
    });
    return text.split('load').length - 1;
  };
  const named = (helper: typeof lookup, space: Space): number =>
    count({ ...helper, name: 'helper' }, space);
  assert.equal(named(lookup, 'context'), 1);
  assert.equal(named(pullData, 'context'), 2);
  assert.equal(named(lookup, 'packet'), 2);
});

test('merge stores: zeroes become wide', () => {
  const text = optimised((b) => {
    const key = b.slot('key', 16);
    for (const [offset, size] of [
      [8, 4],
      [12, 2],
      [14, 1],
      [15, 1],
    ] as const) {
      b.store(key, at('stack', offset, size), b.c(0));
    }
    b.store(key, at('stack', 0, 8), b.any64);
    b.return(b.call(lookup, [b.map(numbers), key]));
  });
  assert.equal(text.match(/store/g)?.length, 2);
  assert.match(text, /store 8 stack \[&key \+ 8\] 0/);
});

test('merge stores: a load in between keeps them apart', () => {
  const text = optimised((b) => {
    const key = b.slot('key', 8);
    b.store(key, at('stack', 0, 4), b.c(1));
    b.atomicAdd(key, at('stack', 0, 4), b.c(1));
    b.store(key, at('stack', 4, 4), b.c(2));
    b.return(b.call(lookup, [b.map(numbers), key]));
  });
  assert.equal(text.match(/store 4/g)?.length, 2);
});

test('dead values: stores to a slot that nobody reads go', () => {
  const text = optimised((b) => {
    b.store(b.slot('unread', 8), at('stack', 0, 8), b.any64);
    b.binary('mul', b.any64, b.any64);
    b.return(b.c(0));
  });
  assert.equal(text, 'b0:; return 0');
});
