/** Segmentation is left to whoever has to do it: on its way a stream stays in large pieces. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { inNetworkNamespace, openPacketSocket, receiveFrame } from '@skep/sys';
import { EtherType } from '@skep/wire';
import { MasqueradeWorld, NEAR, SERVER_PORT as port } from './testing/masquerade-world.ts';

const BERT = { 4: '10.96.0.2', 6: 'fd96::2' } as const;
const STREAM_BYTES = 1 << 20;
/** Of a packet of the MTU, with its link header. */
const FRAME_BYTES = 1514;

describe('a stream of an endpoint', { skip: canUseBpf() ?? false }, () => {
  const world = new MasqueradeWorld();
  before(async () => {
    await world.setUp({});
    await world.serve('bert', port);
  });
  after(() => world.tearDown());

  /** Bytes of the largest frame that comes in at the end of the way. */
  async function largest(family: 4 | 6, to: string, where: string, link: string): Promise<number> {
    const name = `${where} ${family}`;
    await world.ask('anna', { do: 'tcp', name, address: to, port });
    const { index } = world.at(where, ({ links }) => links.get(link));
    const etherType = family === 4 ? EtherType.IPv4 : EtherType.IPv6;
    const open = () => openPacketSocket(index, etherType);
    const socket = inNetworkNamespace(world.pathOf(where), open);
    try {
      const sent = await world.ask('anna', { do: 'stream', name, count: STREAM_BYTES });
      assert.equal(sent, 'sent');
      let most = 0;
      for (let frame = receiveFrame(socket); frame; frame = receiveFrame(socket)) {
        most = Math.max(most, frame.length);
      }
      return most;
    } finally {
      socket.close();
    }
  }

  for (const family of [4, 6] as const) {
    test(`IPv${family}: to another endpoint`, async () => {
      const found = await largest(family, BERT[family], 'bert', 'eth0');
      assert.ok(found > 4 * FRAME_BYTES, `${found} bytes at most`);
    });

    test(`IPv${family}: to the world, masqueraded`, async () => {
      const found = await largest(family, NEAR[family], 'near', 'uplink');
      assert.ok(found > 4 * FRAME_BYTES, `${found} bytes at most`);
    });
  }
});
