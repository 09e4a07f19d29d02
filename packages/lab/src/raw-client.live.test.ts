/** Clients and servers of protocols that node does not know, in a namespace of the test's own. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createNamespace, deleteNamespace, Network, Settings } from '@skep/netlink';
import { inNetworkNamespace, namedNamespacePath, SocketType } from '@skep/sys';
import { IpProtocol } from '@skep/wire';
import { canUseBpf } from '@skep/bpf';
import type { Exchange } from './lab-api.ts';
import { probeEcho, probeStream } from './raw-client.ts';
import { serveStream } from './servers.ts';
import { hasProtocol, whyUntriable } from './untriable.ts';
import type { ProbeTarget } from './workload-protocol.ts';

const NAME = `skep-raw-${process.pid}`;
const PATH = namedNamespacePath(NAME);
/** A protocol of streams that node has no name for either, and that most kernels have. */
const MPTCP = 262;
const STREAMS = [IpProtocol.TCP, MPTCP, IpProtocol.SCTP].filter((protocol) =>
  hasProtocol(SocketType.STREAM, protocol),
);
const PORT = 7000;

describe('clients of raw sockets', { skip: canUseBpf() ?? false }, () => {
  before(() => {
    createNamespace(NAME);
    const network = new Network(PATH);
    network.links.set('lo', { isUp: true });
    network.close();
    new Settings(PATH).write('ipv4/ping_group_range', '0 0');
  });
  after(() => deleteNamespace(NAME));

  const target = (address: string, port: number): ProbeTarget => {
    return { kind: 'sctp', address, port, source: address, timeoutMilliseconds: 2000 };
  };
  // A socket belongs to the namespace that it was made in, wherever it is used.
  const inside = <T>(task: () => Promise<T>): Promise<T> => {
    let promise: Promise<T> | undefined;
    inNetworkNamespace(PATH, () => {
      promise = task();
    });
    return promise!;
  };

  for (const address of ['127.0.0.1', '::1']) {
    test(`an echo of ${address} is answered`, async () => {
      assert.equal(await inside(() => probeEcho(target(address, 0))), 'answered');
    });

    for (const [index, protocol] of STREAMS.entries()) {
      test(`a stream of protocol ${protocol} to ${address} is answered, or refused`, async () => {
        const port = PORT + index * 10 + (address === '::1' ? 1 : 0);
        const probe = () => inside(() => probeStream(target(address, port), protocol));
        assert.equal(await probe(), 'refused');
        const server = await inside(() => serveStream(port, protocol));
        assert.equal(await probe(), 'answered');
        server.close();
      });
    }
  }

  test('an address without a way to it is unreachable, and no error', async () => {
    const nowhere = { ...target('192.0.2.1', 80), source: '127.0.0.1' };
    const outcome = await inside(() => probeStream(nowhere, IpProtocol.TCP));
    assert.notEqual(outcome, 'answered');
  });
});

test('what cannot be tried is told by name', () => {
  const exchange: Exchange = {
    from: 'a',
    to: 'b',
    family: 4,
    source: '10.0.0.1',
    destination: '10.0.0.2',
    kind: 'tcp',
    port: 80,
  };
  assert.equal(whyUntriable(exchange), undefined);
  assert.equal(whyUntriable({ ...exchange, kind: 'icmp', port: 8 }), undefined);
  assert.match(whyUntriable({ ...exchange, kind: 'icmp', port: 13 })!, /only EchoRequest/);
  const isThere = STREAMS.includes(IpProtocol.SCTP);
  const sctp = whyUntriable({ ...exchange, kind: 'sctp' });
  assert.equal(sctp, isThere ? undefined : 'this kernel has no SCTP (CONFIG_IP_SCTP)');
});
