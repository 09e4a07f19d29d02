/** The journal: what a crash, a full disk and damage leave of it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Disk, Journal } from './journal.ts';
import { encodeRecord } from './journal-text.ts';

function newPath(t: TestContext): string {
  const directory = fs.mkdtempSync(join(tmpdir(), 'skep-journal-'));
  t.after(() => fs.rmSync(directory, { recursive: true }));
  return join(directory, 'state.journal');
}

/** What a new process would read. */
function contents(path: string): Record<string, unknown> {
  const journal = new Journal(path);
  const entries = Object.fromEntries(journal.entries());
  journal.close();
  return entries;
}

/** A journal with three records of one key each. */
function makeJournal(path: string): void {
  const journal = new Journal(path);
  for (const key of ['a', 'b', 'c']) journal.append([[key, { text: key.repeat(20) }]]);
  journal.close();
}

test('the last value of each key is kept, and what is null is no more', (t) => {
  const path = newPath(t);
  const journal = new Journal(path);
  journal.append([
    ['a', 1],
    ['b', { text: 'é\n' }],
  ]);
  journal.append([['a', 2]], false);
  journal.append([['b', null]]);
  journal.append([['c', 'new']]);
  journal.close();
  assert.deepEqual(contents(path), { a: 2, c: 'new' });
});

test('cut off anywhere, it holds the records before the cut and takes new ones', (t) => {
  const path = newPath(t);
  makeJournal(path);
  const whole = fs.readFileSync(path);
  const headerEnd = whole.indexOf('\n') + 1;
  for (let length = headerEnd; length <= whole.length; length++) {
    fs.writeFileSync(path, whole.subarray(0, length));
    const records = whole.subarray(headerEnd, length).toString().split('\n').length - 1;
    const expected = ['a', 'b', 'c'].slice(0, records);
    assert.deepEqual(Object.keys(contents(path)), expected, `cut at ${length}`);
    const journal = new Journal(path);
    journal.append([['d', 4]]);
    journal.close();
    assert.deepEqual(Object.keys(contents(path)), [...expected, 'd'], `cut at ${length}`);
  }
});

test('a bit that is wrong anywhere is refused, and the file is left as it is', (t) => {
  const path = newPath(t);
  makeJournal(path);
  const whole = fs.readFileSync(path);
  for (let at = 0; at < whole.length - 1; at++) {
    const damaged = Buffer.from(whole);
    damaged[at]! ^= 1;
    fs.writeFileSync(path, damaged);
    assert.throws(() => new Journal(path), { code: 'ERR_STATE' }, `byte ${at}`);
    assert.deepEqual(fs.readFileSync(path), damaged);
  }
});

const REFUSED: readonly { name: string; have: string | Buffer; want: RegExp }[] = [
  { name: 'empty', have: '', want: /0 bytes, expected a whole record/ },
  { name: 'no journal', have: 'hello\n', want: /record at byte 0: checksum 'hello', expected/ },
  {
    name: 'of something else',
    have: encodeRecord([['journal', { format: 'x', version: 2 }]]),
    want: /format 'x', expected 'skep-agent-state'/,
  },
  {
    name: 'newer',
    have: encodeRecord([['journal', { format: 'skep-agent-state', version: 9 }]]),
    want: /version 9, expected 2: written by a newer build \(start that build/,
  },
  {
    name: 'older',
    have: encodeRecord([['journal', { format: 'skep-agent-state', version: 1 }]]),
    want: /version 1, expected 2: written by an older build/,
  },
];

for (const { name, have, want } of REFUSED) {
  test(`a file that is ${name} is refused`, (t) => {
    const path = newPath(t);
    fs.writeFileSync(path, have);
    assert.throws(() => new Journal(path), { code: 'ERR_STATE', message: want });
  });
}

test('one that cannot be read is refused', (t) => {
  const path = newPath(t);
  fs.mkdirSync(path);
  assert.throws(() => new Journal(path), { code: 'ERR_STATE', message: /EISDIR.*may read it/ });
});

/** A disk on which so many bytes find room, and then none. */
function diskOf(free: number): Disk & { free: number } {
  const disk = {
    free,
    fsyncSync: fs.fsyncSync,
    ftruncateSync: fs.ftruncateSync,
    writeSync: (fd: number, bytes: Buffer, at: number, length: number, position: number) => {
      if (disk.free === 0) throw Object.assign(new Error('ENOSPC: no space left on device'));
      const written = fs.writeSync(fd, bytes, at, Math.min(length, disk.free), position);
      disk.free -= written;
      return written;
    },
  };
  return disk as unknown as Disk & { free: number };
}

test('a full disk refuses the change and keeps the ones before; with room it goes on', (t) => {
  const path = newPath(t);
  const disk = diskOf(1000);
  const journal = new Journal(path, disk);
  journal.append([['a', 1]]);
  disk.free = 7;
  const refused = { code: 'ERR_STATE_WRITE', message: /ENOSPC.*nothing was changed/ };
  assert.throws(() => journal.append([['b', 2]]), refused);
  assert.deepEqual([...journal.entries()], [['a', 1]]);
  assert.deepEqual(contents(path), { a: 1 });
  disk.free = 1000;
  journal.append([['c', 3]]);
  journal.close();
  assert.deepEqual(contents(path), { a: 1, c: 3 });
});

test('where half a record cannot be taken back, nothing more is written', (t) => {
  const path = newPath(t);
  const disk = { ...diskOf(1000) };
  const journal = new Journal(path, disk);
  disk.fsyncSync = () => assert.fail('EIO');
  disk.ftruncateSync = () => assert.fail('EIO');
  assert.throws(() => journal.append([['a', 1]]), { code: 'ERR_STATE_WRITE' });
  assert.throws(() => journal.append([['b', 2]]), /restart the agent/);
  journal.close();
});

test('a change costs its own bytes; what is of the past goes', (t) => {
  const path = newPath(t);
  const journal = new Journal(path);
  for (let id = 0; id < 1000; id++) journal.append([[`endpoint/${id}`, { id }]], false);
  const before = fs.statSync(path).size;
  journal.append([['endpoint/7', { id: 8 }]], false);
  assert.ok(fs.statSync(path).size - before < 50);
  for (let round = 0; round < 5000; round++) journal.append([['node', { round }]], false);
  assert.ok(fs.statSync(path).size < 3 * 64 * 1024, `${fs.statSync(path).size} bytes`);
  journal.close();
  const found = contents(path);
  assert.equal(Object.keys(found).length, 1001);
  assert.deepEqual([found['endpoint/7'], found.node], [{ id: 8 }, { round: 4999 }]);
});

test('a full disk while it is written anew leaves the old file in use', (t) => {
  const path = newPath(t);
  const disk = diskOf(Number.MAX_SAFE_INTEGER);
  const journal = new Journal(path, disk);
  const realSync = disk.fsyncSync;
  const kept = fs.statSync(path).ino;
  disk.fsyncSync = () => {
    throw new Error('ENOSPC');
  };
  for (let round = 0; round < 4000; round++) journal.append([['node', { round }]], false);
  assert.equal(fs.statSync(path).ino, kept);
  disk.fsyncSync = realSync;
  for (let round = 4000; round < 9000; round++) journal.append([['node', { round }]], false);
  assert.notEqual(fs.statSync(path).ino, kept);
  journal.close();
  assert.deepEqual(contents(path), { node: { round: 8999 } });
});

const REMOVALS: readonly { what: string; task: (path: string) => void }[] = [
  { what: 'deleted', task: (path) => fs.rmSync(path) },
  { what: 'moved', task: (path) => fs.renameSync(path, `${path}.moved`) },
  {
    what: 'gone with its directory',
    task: (path) => fs.rmSync(dirname(path), { recursive: true }),
  },
  {
    what: 'replaced by a copy of before',
    task: (path) => {
      fs.copyFileSync(path, `${path}.copy`);
      fs.renameSync(`${path}.copy`, path);
    },
  },
  { what: 'emptied', task: (path) => fs.truncateSync(path) },
  { what: 'cut off', task: (path) => fs.truncateSync(path, fs.statSync(path).size - 5) },
  { what: 'written to', task: (path) => fs.appendFileSync(path, 'more\n') },
  {
    what: 'changed in its place',
    task: (path) => {
      fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('"a"', '"z"'), { flag: 'r+' });
      const later = new Date(Date.now() + 1000);
      fs.utimesSync(path, later, later);
    },
  },
];

for (const { what, task } of REMOVALS) {
  test(`a file that is ${what} is written anew, with all that was since`, (t) => {
    const path = newPath(t);
    makeJournal(path);
    const journal = new Journal(path);
    assert.equal(journal.putBack(), false);
    task(path);
    journal.append([['since', 1]]);
    assert.equal(journal.putBack(), true);
    assert.equal(journal.putBack(), false);
    journal.append([['then', 2]]);
    journal.close();
    assert.equal(fs.statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(Object.keys(contents(path)).sort(), ['a', 'b', 'c', 'since', 'then']);
  });
}

test('a file that cannot be written anew is told of, and tried again', (t) => {
  const path = newPath(t);
  const disk = { ...fs, isFull: false };
  disk.writeSync = ((...parameters: Parameters<typeof fs.writeSync>) => {
    if (disk.isFull) throw new Error('ENOSPC: no space left on device, write');
    return fs.writeSync(...parameters);
  }) as typeof fs.writeSync;
  const journal = new Journal(path, disk);
  journal.append([['a', 1]]);
  fs.rmSync(path);
  disk.isFull = true;
  assert.throws(() => journal.putBack(), { code: 'ERR_STATE_WRITE' });
  disk.isFull = false;
  assert.equal(journal.putBack(), true);
  journal.close();
  assert.deepEqual(contents(path), { a: 1 });
});
