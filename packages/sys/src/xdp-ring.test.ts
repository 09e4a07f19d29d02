/** Rings in the memory of a file, with the test in the place of the kernel. */
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { Fd } from './descriptor.ts';
import { Mapping, pageSize } from './mapping.ts';
import { XdpRing } from './xdp-ring.ts';

const skip = process.platform === 'linux' ? false : 'needs linux';
const SIZE = 4;
const PLACE = { offset: 0, producer: 0, consumer: 64, slots: 128 };

function newRing(t: TestContext, slotBytes: 8 | 16): { ring: XdpRing; kernel: Mapping } {
  const directory = mkdtempSync(join(tmpdir(), 'skep-ring-'));
  const descriptor = openSync(join(directory, 'ring'), 'w+');
  ftruncateSync(descriptor, pageSize());
  const file = new Fd('file', descriptor);
  const kernel = new Mapping(file, pageSize(), { isWritable: true });
  const ring = new XdpRing(file, { ...PLACE, slotBytes }, SIZE);
  t.after(() => {
    ring.close();
    kernel.unmap();
    closeSync(descriptor);
    rmSync(directory, { recursive: true });
  });
  return { ring, kernel };
}

describe('a ring of an AF_XDP socket', { skip }, () => {
  test('what is pushed is seen when it is published, and goes around', (t) => {
    const { ring, kernel } = newRing(t, 8);
    for (let address = 0n; address < 3n; address++) ring.pushAddress(address * 4096n);
    assert.equal(kernel.loadU32(PLACE.producer), 0);
    ring.publish();
    assert.equal(kernel.loadU32(PLACE.producer), 3);
    assert.equal(kernel.loadU64(PLACE.slots + 16), 8192n);
    for (let address = 3n; address < 5n; address++) ring.pushAddress(address * 4096n);
    ring.publish();
    assert.equal(kernel.loadU32(PLACE.producer), 5);
    assert.equal(kernel.loadU64(PLACE.slots), 4n * 4096n);
  });

  test('what the kernel has filled waits until it is popped and released', (t) => {
    const { ring, kernel } = newRing(t, 16);
    const view = new DataView(kernel.buffer);
    view.setBigUint64(PLACE.slots, 4352n, true);
    view.setUint32(PLACE.slots + 8, 60, true);
    kernel.storeU32(PLACE.producer, 1);
    assert.equal(ring.waiting(), 1);
    assert.deepEqual(ring.popFrame(), { address: 4352n, length: 60 });
    assert.equal(ring.waiting(), 0);
    assert.equal(kernel.loadU32(PLACE.consumer), 0);
    ring.release();
    assert.equal(kernel.loadU32(PLACE.consumer), 1);
  });
});
