/** For the tests of this package: a BPF file system of their own. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { mountBpfFileSystem, unmountBpfFileSystem } from '@skep/sys';

/** Mounts one on a temporary directory and takes both away at the test's end. */
export function newPinDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'skep-pins-'));
  mountBpfFileSystem(directory);
  context.after(() => unmountBpfFileSystem(directory));
  return directory;
}
