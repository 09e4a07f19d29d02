import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  AddressFamily,
  bindSocket,
  encodeUnixAddress,
  openSocket,
  receiveBytes,
  SocketType,
} from '@skep/sys';
import { tellManager } from './service-manager.ts';

const folder = mkdtempSync(join(tmpdir(), 'skep-manager-'));
after(() => rmSync(folder, { recursive: true, force: true }));

for (const path of [join(folder, 'notify'), `@skep-manager-${process.pid}`]) {
  test(`the manager at ${path[0]} is told`, () => {
    const manager = openSocket(AddressFamily.UNIX, SocketType.DGRAM | SocketType.NONBLOCK);
    try {
      bindSocket(manager, encodeUnixAddress(path));
      tellManager('READY=1', path);
      const bytes = new Uint8Array(64);
      const length = receiveBytes(manager, bytes);
      assert.equal(Buffer.from(bytes.subarray(0, length)).toString(), 'READY=1');
    } finally {
      manager.close();
    }
  });
}

test('nobody who asks, or one who is gone: nothing happens', () => {
  tellManager('READY=1', undefined);
  tellManager('READY=1', '');
  tellManager('READY=1', join(folder, 'gone'));
});
