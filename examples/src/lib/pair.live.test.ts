import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inNewNetworkNamespace } from '@skep/sys';
import { makeFrame } from '@skep/wire';
import { makePair, toRight } from './pair.ts';

test('what one end sends arrives at the other, and only there', { skip: hindrance() }, async () => {
  const { left, right } = makePair();
  const udp = { sourcePort: 4000, destinationPort: 53 };
  const frame = makeFrame({ ...toRight, udp });
  left.send(frame);
  left.send(frame);
  assert.deepEqual(await right.received(), [frame, frame]);
  assert.deepEqual(await right.received(), []);
});

function hindrance(): string | false {
  try {
    return inNewNetworkNamespace(() => false);
  } catch (error) {
    return (error as Error).message;
  }
}
