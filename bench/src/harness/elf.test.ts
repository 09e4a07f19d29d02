import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MapShape } from '@skep/bytecode';
import { clangVersion, compileC } from './clang.ts';
import { readElfProgram } from './elf.ts';

const skip = clangVersion() ? false : 'needs clang';
const next: MapShape = {
  name: 'next',
  kind: 'programArray',
  keySize: 4,
  valueSize: 4,
  maxEntries: 1,
  flags: 0,
};
const port: MapShape = { ...next, name: 'port', kind: 'array' };
const maps = { b_next: next, b_frame: port };

test('a program and the maps that its symbols name', { skip }, () => {
  const object = readElfProgram(compileC('flows'), { name: 'tc_flows', programType: 3, maps });
  assert.deepEqual(object.maps, [next, port]);
  assert.deepEqual(
    object.mapReferences.map((reference) => reference.map),
    ['port', 'next'],
  );
  for (const { instruction } of object.mapReferences) {
    // A 16-byte load (0x18) of a map's descriptor (source register 1).
    assert.equal(object.code[instruction * 8], 0x18);
    assert.equal(object.code[instruction * 8 + 1]! >> 4, 1);
  }
});

test('a program without maps', { skip }, () => {
  const object = readElfProgram(compileC('flows'), { name: 'tc_leaf', programType: 3, maps: {} });
  assert.equal(object.code.length, 2 * 8);
  assert.deepEqual(object.maps, []);
});

test('what is not there is named', { skip }, () => {
  const file = compileC('flows');
  assert.throws(
    () => readElfProgram(file, { name: 'tc_none', programType: 3, maps }),
    /no section program\/tc_none/,
  );
  assert.throws(
    () => readElfProgram(file, { name: 'tc_flows', programType: 3, maps: {} }),
    /symbol b_frame: found no map/,
  );
});
