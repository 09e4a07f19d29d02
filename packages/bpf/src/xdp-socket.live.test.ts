/** AF_XDP sockets between interfaces and namespaces of its own. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { asm, mapShapeOf, r1, r2, r3 } from '@skep/bytecode';
import { XdpAction, XskMap } from '@skep/ebpf';
import {
  BpfProgramType,
  EVERY_ETHER_TYPE,
  inNetworkNamespace,
  openPacketSocket,
  receiveFrame,
  sendFrame,
  XDP_FRAME_BYTES_MAX,
  XdpSocket,
  type XdpSocketOptions,
} from '@skep/sys';
import { loadProgram } from './program.ts';
import { openSocketMap } from './socket-map.ts';
import { newPair } from './testing/network.ts';
import { cannotUseBpf, program } from './testing/programs.ts';
import { attachXdp } from './xdp.ts';

const sockets = new XskMap({ name: 'sockets', maxEntries: 1 });
const RX_QUEUE_INDEX = 16;
const REDIRECT_MAP = 51;

/** To the socket of the packet's queue; where there is none, up the stack. */
const redirecting = program(
  BpfProgramType.XDP,
  [
    asm.load(4, r2, r1, RX_QUEUE_INDEX),
    asm.loadMap(r1),
    asm.mov64(r3, XdpAction.Pass),
    asm.callHelper(REDIRECT_MAP),
    asm.exit(),
  ],
  mapShapeOf(sockets),
);

/** A socket behind the program at the near end, and an ordinary one at the far end. */
function newWorld(t: TestContext, options: Partial<XdpSocketOptions> = {}) {
  const pair = newPair(t);
  if (!pair) return;
  return inNetworkNamespace(pair.namespace, () => {
    const table = openSocketMap(sockets);
    const redirector = loadProgram(redirecting, { maps: { sockets: table.map } });
    const { link } = attachXdp({ program: redirector, ifindex: pair.near });
    const near = new XdpSocket({ interfaceIndex: pair.near, ...options });
    const far = openPacketSocket(pair.far, EVERY_ETHER_TYPE);
    const stack = openPacketSocket(pair.near, EVERY_ETHER_TYPE);
    t.after(() => [link, redirector, table, near, far, stack].forEach((each) => void each.close()));
    return { table, near, far, stack };
  });
}

function frameOf(number: number, length = 60): Uint8Array {
  return new Uint8Array(length).fill(0xff, 0, 6).fill(number, 14);
}

/** Softirqs run on their own time: asks again for a second. */
async function eventually<T>(ask: () => T | undefined): Promise<T | undefined> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const found = ask();
    if (found !== undefined) return found;
    await setTimeout(10);
  }
  return undefined;
}

async function received(socket: XdpSocket, count: number): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  await eventually(() => {
    socket.receive((frame) => frames.push(frame.slice()));
    return frames.length >= count || undefined;
  });
  return frames;
}

describe('AF_XDP sockets', { skip: cannotUseBpf }, () => {
  test('frames come as they are, past the stack, more of them than there are chunks', async (t) => {
    const world = newWorld(t, { frames: 4 });
    if (!world) return;
    const { table, near, far, stack } = world;
    sendFrame(far, frameOf(1));
    assert.deepEqual(await eventually(() => receiveFrame(stack)), frameOf(1), 'not in the map yet');
    table.update(0, near.fd);
    for (let round = 0; round < 5; round++) {
      const sent = [2, 3, 4].map((number) => frameOf(number + round));
      for (const frame of sent) sendFrame(far, frame);
      assert.deepEqual(await received(near, 3), sent);
    }
    assert.equal(receiveFrame(stack), undefined);
    assert.deepEqual(near.counts(), { dropped: 0, refused: 0 });
  });

  test('what no chunk is free for is lost and counted', async (t) => {
    const world = newWorld(t, { frames: 4 });
    if (!world) return;
    const { table, near, far } = world;
    table.update(0, near.fd);
    for (let number = 0; number < 6; number++) sendFrame(far, frameOf(number));
    const lost = await eventually(() => {
      const { dropped, refused } = near.counts();
      return dropped + refused === 2 || undefined;
    });
    assert.ok(lost, JSON.stringify(near.counts()));
    assert.deepEqual(
      await received(near, 4),
      [0, 1, 2, 3].map((number) => frameOf(number)),
    );
  });

  test('frames are sent, again and again from the same chunks', async (t) => {
    const world = newWorld(t, { frames: 2 });
    if (!world) return;
    const { near, far } = world;
    for (let number = 0; number < 7; number++) {
      await eventually(() => near.send(frameOf(number, 1000)) || undefined);
      assert.deepEqual(await eventually(() => receiveFrame(far)), frameOf(number, 1000));
    }
  });

  test('a socket that is closed has left the map', async (t) => {
    const world = newWorld(t);
    if (!world) return;
    const { table, near, far, stack } = world;
    table.update(0, near.fd);
    near.close();
    sendFrame(far, frameOf(9));
    assert.deepEqual(await eventually(() => receiveFrame(stack)), frameOf(9));
  });

  test('bad options and frames are refused by name', (t) => {
    const world = newWorld(t);
    if (!world) return;
    assert.throws(
      () => new XdpSocket({ interfaceIndex: 1, frames: 3 }),
      /frames 3: .*power of two/,
    );
    assert.throws(() => new XdpSocket({ interfaceIndex: 99_999 }), { errnoName: 'ENODEV' });
    assert.throws(() => world.near.send(new Uint8Array(5000)), /frame length 5000: .* to 4096/);
    assert.equal(XDP_FRAME_BYTES_MAX, 3840);
  });
});
