/** What needs no interface; frames are in `@skep/bpf`, whose programs send them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XDP_FRAME_BYTES_MAX, XdpSocket } from './xdp-socket.ts';

test('the number of frames is refused before anything is opened', () => {
  for (const frames of [0, 3, 1.5, 2 ** 21]) {
    assert.throws(() => new XdpSocket({ interfaceIndex: 1, frames }), RangeError);
  }
});

test('a frame and what the kernel keeps for itself fill a page', () => {
  assert.equal(XDP_FRAME_BYTES_MAX, 3840);
});
