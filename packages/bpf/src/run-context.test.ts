import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTcContext, encodeTcContext, encodeXdpContext } from './run-context.ts';

test('a traffic control context comes back as it was given', () => {
  const context = {
    mark: 0xffffffff,
    priority: 2,
    ingressIfindex: 3,
    ifindex: 4,
    cb: [5, 6, 7, 8, 9],
    timestamp: 10n,
    wireLength: 11,
    gsoSegments: 12,
    gsoSize: 13,
  };
  assert.deepEqual(decodeTcContext(new DataView(encodeTcContext(context).buffer)), context);
});

test('an xdp context gives offsets: metadata first, then the packet', () => {
  const bytes = encodeXdpContext({ metadata: new Uint8Array(8), ingressIfindex: 2 }, 60);
  assert.deepEqual([...new Uint32Array(bytes.buffer)], [8, 68, 0, 2, 0, 0]);
});

test('what the kernel would refuse is refused with the reason', () => {
  assert.throws(() => encodeXdpContext({ metadata: new Uint8Array(6) }, 60), /multiple of 4/);
  assert.throws(() => encodeXdpContext({ metadata: new Uint8Array(36) }, 60), /at most 32/);
  assert.throws(() => encodeTcContext({ cb: [1, 2, 3, 4, 5, 6] }), /scratch words 6/);
});
