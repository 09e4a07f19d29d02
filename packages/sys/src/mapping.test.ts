import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Fd } from './descriptor.ts';
import { Mapping, pageSize, UnmappedMemoryError } from './mapping.ts';

const cannotMap = process.platform === 'linux' ? false : 'needs linux';
const PAGE_SIZE = cannotMap ? 4096 : pageSize();

/** A file of two pages of zeros, and its path. */
function twoPages(t: TestContext): [Fd<'file'>, string] {
  const directory = mkdtempSync(join(tmpdir(), 'skep-trial-'));
  const path = join(directory, 'pages');
  const descriptor = openSync(path, 'w+');
  ftruncateSync(descriptor, 2 * PAGE_SIZE);
  t.after(() => {
    closeSync(descriptor);
    rmSync(directory, { recursive: true });
  });
  return [new Fd('file', descriptor), path];
}

test('what is written to the mapping is in the file', { skip: cannotMap }, (t) => {
  const [file, path] = twoPages(t);
  const mapping = new Mapping(file, 2 * PAGE_SIZE, { isWritable: true });
  t.after(() => mapping.unmap());
  mapping.storeU64(8, 0x1122n);
  new Uint8Array(mapping.buffer)[PAGE_SIZE] = 7;
  const bytes = readFileSync(path);
  assert.deepEqual([bytes[8], bytes[9], bytes[PAGE_SIZE]], [0x22, 0x11, 7]);
  assert.equal(mapping.loadU32(8), 0x1122);
  assert.equal(mapping.loadU64(8), 0x1122n);
});

test('a second mapping may begin at another page', { skip: cannotMap }, (t) => {
  const [file] = twoPages(t);
  const both = new Mapping(file, 2 * PAGE_SIZE, { isWritable: true });
  const second = new Mapping(file, PAGE_SIZE, { offset: PAGE_SIZE });
  t.after(() => [both, second].forEach((each) => void each.unmap()));
  both.storeU64(PAGE_SIZE, 9n);
  const copy = new Uint8Array(8);
  second.copy(0, 8, copy);
  assert.deepEqual([...copy], [9, 0, 0, 0, 0, 0, 0, 0]);
});

test('after unmap a use is an error and an old view reads zeros', { skip: cannotMap }, (t) => {
  const [file, path] = twoPages(t);
  const mapping = new Mapping(file, PAGE_SIZE, { isWritable: true });
  mapping.storeU64(0, 5n);
  const left = new Uint8Array(mapping.buffer);
  mapping.unmap();
  mapping.unmap();
  assert.equal(mapping.isUnmapped, true);
  assert.throws(() => mapping.loadU32(0), UnmappedMemoryError);
  assert.throws(() => mapping.buffer, { message: 'use mapping of file: it is unmapped' });
  assert.equal(left[0], 0);
  left[0] = 9;
  assert.equal(readFileSync(path)[0], 5);
});

test('read-only memory is never handed out', { skip: cannotMap }, (t) => {
  const [file] = twoPages(t);
  const mapping = new Mapping(file, PAGE_SIZE);
  t.after(() => mapping.unmap());
  assert.throws(() => mapping.buffer, /view file mapping: it is read-only/);
  assert.throws(() => mapping.storeU64(0, 1n), /write file mapping: it is read-only/);
});

test('sizes are pages', { skip: cannotMap }, (t) => {
  const [file] = twoPages(t);
  assert.throws(() => new Mapping(file, 100), /mapping length 100: expected a multiple of/);
  assert.throws(() => new Mapping(file, PAGE_SIZE, { offset: 8 }), /mapping offset 8/);
});
