/** What is known of memory where paths part and meet again. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Variable } from '../ir/variables.ts';
import { at, optimised, type Sketch } from './testing/sketch.ts';

const prandom = { id: 7, name: 'get_prandom_u32', movesPacket: false };

/** Loads a word, goes one of two ways, and loads it again. */
function loadsAround(b: Sketch, way: () => void): void {
  const before = b.loaded(4);
  b.choose('ne', b.any64, b.c(0, 64), way, () => b.store(b.any64, at('map', 8, 4), b.c(1)));
  b.return(b.binary('mul', before, b.loaded(4)));
}

const cases: readonly [string, loads: number, (b: Sketch) => void][] = [
  ['what lies elsewhere is written', 1, (b) => b.store(b.any64, at('map', 4, 4), b.c(2))],
  ['it is written on one way', 2, (b) => b.store(b.any64, at('map', 0, 4), b.c(2))],
  ['a part of it is written', 2, (b) => b.store(b.any64, at('map', 3, 1), b.c(2))],
  ['something is called', 2, (b) => void b.call(prandom, [])],
];
for (const [name, loads, way] of cases) {
  test(`common values: what was loaded before two ways, where ${name}`, () => {
    const text = optimised((b) => loadsAround(b, () => way(b)));
    assert.equal(text.split('load 4').length - 1, loads, text);
  });
}

test('common values: what both ways have loaded, each for itself, is loaded once more', () => {
  const text = optimised((b) => {
    const sum = new Variable('sum', 32);
    const load = () => b.write(sum, b.loaded(4));
    b.choose('ne', b.any64, b.c(0, 64), load, load);
    b.return(b.binary('mul', b.read(sum), b.loaded(4)));
  });
  assert.equal(text.split('load 4').length - 1, 3, text);
});

test('common values: what was loaded before a loop is loaded again in its turns', () => {
  const text = optimised((b) => {
    const sum = new Variable('sum', 32);
    b.write(sum, b.loaded(4));
    const [head, body, after] = [b.makeBlock(), b.makeBlock(), b.makeBlock()];
    b.jump(head);
    b.start(head);
    b.branch('lt', b.read(sum), b.c(9), body, after);
    b.sealAndStart(body);
    b.write(sum, b.binary('add', b.read(sum), b.loaded(4)));
    b.store(b.any64, at('map', 0, 4), b.read(sum));
    b.jump(head);
    b.seal(head);
    b.sealAndStart(after);
    b.return(b.read(sum));
  });
  assert.equal(text.split('load 4').length - 1, 2, text);
});
