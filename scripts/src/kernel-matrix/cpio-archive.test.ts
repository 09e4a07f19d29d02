import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpioArchive } from './cpio-archive.ts';

const HEADER_BYTES = 110;

/** What the kernel would unpack: path, octal mode and content of each entry, read by the form. */
function entriesOf(archive: Uint8Array): [string, string, string][] {
  const bytes = Buffer.from(archive);
  const entries: [string, string, string][] = [];
  for (let at = 0; at < bytes.length; ) {
    assert.equal(bytes.toString('latin1', at, at + 6), '070701', `magic at ${at}`);
    const field = (index: number): number =>
      Number.parseInt(bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const content = align(at + HEADER_BYTES + nameSize);
    const name = bytes.toString('latin1', at + HEADER_BYTES, at + HEADER_BYTES + nameSize - 1);
    const text = bytes.toString('latin1', content, content + size);
    entries.push([name, mode.toString(8), text]);
    at = align(content + size);
  }
  return entries;
}

function align(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}

test('directories, files of any length and the end mark', () => {
  const archive = cpioArchive([
    { path: 'a' },
    { path: 'a/empty', content: new Uint8Array(0) },
    { path: 'a/file', content: Buffer.from('12345') },
  ]);
  assert.deepEqual(entriesOf(archive), [
    ['a', '40755', ''],
    ['a/empty', '100755', ''],
    ['a/file', '100755', '12345'],
    ['TRAILER!!!', '0', ''],
  ]);
});
