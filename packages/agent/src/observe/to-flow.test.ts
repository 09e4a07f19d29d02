/** Records that are made up, and records of the real programs, as people see them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatapathEvent, Direction, DropReason, EventType, Hook, TraceReason } from '@skep/contract';
import { endpointPrograms, MachineTables, type NodeConstants, toWords } from '@skep/datapath';
import { codecOf, type Decoded } from '@skep/ebpf';
import { parsePolicies } from '@skep/policy';
import { formatMac, IpProtocol, makeFrame, parseAddress, parsePrefix, TcpFlag } from '@skep/wire';
import type { EndpointFacts } from '../model/endpoint-facts.ts';
import { NodeModel } from '../model/node-model.ts';
import { DatapathTables } from '../tables/datapath-tables.ts';
import type { FlowView } from '../views.ts';
import { matches } from './flow-log.ts';
import { toFlow } from './to-flow.ts';

const NODE: NodeConstants = { jiffiesPerSecond: 250, hasRedirectPeer: 1, reportsForwarded: 1 };
const TIME = new Date('2026-01-02T03:04:05.678Z');

const POLICIES = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: to-bert, namespace: shop }
spec:
  podSelector: { matchLabels: { app: bert } }
  policyTypes: [Ingress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: anna } } }]
      ports: [{ port: 80 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: from-anna, namespace: shop }
spec:
  podSelector: { matchLabels: { app: anna } }
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: { matchLabels: { app: bert } }
        - podSelector: { matchLabels: { app: carl } }
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: pings, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: carl } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: anna } }]
      icmps: [{ fields: [{ type: 8, family: IPv4 }] }]
  ingressDeny:
    - fromEndpoints: [{ matchLabels: { app: bert } }]
`;
/** Names of rules; what made deny the default has its document's name alone. */
const TO_BERT = 'shop/to-bert ingress[0]';
const FROM_ANNA = 'shop/from-anna egress[0]';
const PINGS = 'shop/pings ingress[0]';

function endpoint(id: number, name: string): EndpointFacts {
  return {
    id,
    name,
    namespace: 'shop',
    labels: { app: name },
    ipv4: parseAddress(`10.0.0.${id}`),
    ipv6: parseAddress(`fd00::${id}`),
    interfaceIndex: 100 + id,
    mac: Uint8Array.of(2, 0, 0, 0, 0, id),
    gatewayMac: Uint8Array.of(6, 0, 0, 0, 0, id),
  };
}

const [ANNA, BERT, CARL] = [endpoint(1, 'anna'), endpoint(2, 'bert'), endpoint(3, 'carl')];

function makeNode(): { tables: MachineTables; model: NodeModel } {
  const tables = new MachineTables(NODE);
  let revision = 0;
  const model = new NodeModel(new DatapathTables(tables), { nextRevision: () => ++revision });
  model.fill({
    documents: parsePolicies(POLICIES, { file: 'shop.yaml' }),
    nodeAddresses: [parsePrefix('10.0.0.254')],
    endpoints: [ANNA, BERT, CARL],
  });
  return { tables, model };
}

const { tables, model } = makeNode();

type Changes = Omit<Partial<Decoded<DatapathEvent>>, 'source' | 'destination'> & {
  readonly source?: string;
  readonly destination?: string;
};

/** Anna begins a connection to port 80 of bert, and it is let through; but for the changes. */
function eventOf({ source = '10.0.0.1', destination = '10.0.0.2', ...more }: Changes = {}) {
  const event: Decoded<DatapathEvent> = {
    timeNanoseconds: 0n,
    source: toWords(parseAddress(source)),
    destination: toWords(parseAddress(destination)),
    sourceIdentity: 256,
    destinationIdentity: 257,
    interfaceIndex: 101,
    length: 74,
    count: 1,
    revision: 1,
    sourcePort: 40_000,
    destinationPort: 80,
    endpoint: 1,
    policyEndpoint: 2,
    type: EventType.PolicyVerdict,
    reason: 0,
    hook: Hook.FromEndpoint,
    direction: Direction.Ingress,
    protocol: IpProtocol.TCP,
    tcpFlags: TcpFlag.SYN,
    isReply: 0,
    padding: 0,
  };
  return { ...event, ...more };
}

function flowOf(changes?: Changes): FlowView {
  return toFlow(eventOf(changes), model, TIME.toISOString());
}

describe('a record as a flow', () => {
  test('a new flow that both sides allow names the rules of both, the sender first', () => {
    const flow = flowOf();
    assert.deepEqual(flow.rules, [FROM_ANNA, TO_BERT]);
    assert.deepEqual(
      { ...flow, rules: [] },
      {
        time: '2026-01-02T03:04:05.678Z',
        verdict: 'forwarded',
        source: { address: '10.0.0.1', port: 40_000, identity: 256, name: 'shop/anna' },
        destination: { address: '10.0.0.2', port: 80, identity: 257, name: 'shop/bert' },
        protocol: 'TCP',
        tcpFlags: 'SYN',
        isReply: false,
        isNew: true,
        rules: [],
        lengthBytes: 74,
        count: 1,
      },
    );
  });

  test('what no rule allows names the policy that made deny the default', () => {
    const flow = flowOf({
      type: EventType.Drop,
      reason: DropReason.PolicyDenied,
      destinationPort: 81,
    });
    assert.equal(flow.verdict, 'dropped');
    assert.equal(flow.reason, 'policy denied');
    assert.equal(flow.direction, 'ingress');
    assert.deepEqual(flow.rules, ['shop/to-bert']);
  });

  test('a deny rule is named, and only the side that decided', () => {
    const flow = flowOf({
      source: '10.0.0.2',
      destination: '10.0.0.3',
      type: EventType.Drop,
      reason: DropReason.PolicyDenyRule,
    });
    assert.equal(flow.reason, 'denied by rule');
    assert.deepEqual(flow.rules, ['shop/pings ingressDeny[0]']);
  });

  test('a drop on egress is of the sender', () => {
    const flow = flowOf({
      destination: '8.8.8.8',
      type: EventType.Drop,
      reason: DropReason.PolicyDenied,
      direction: Direction.Egress,
      policyEndpoint: 1,
    });
    assert.equal(flow.direction, 'egress');
    assert.equal(flow.destination.name, 'world');
    assert.deepEqual(flow.rules, ['shop/from-anna']);
  });

  test('where no policy decided there are neither direction nor rules', () => {
    const flow = flowOf({ type: EventType.Drop, reason: DropReason.InvalidSourceAddress });
    assert.equal(flow.reason, 'invalid source ip');
    assert.equal('direction' in flow, false);
    assert.deepEqual(flow.rules, []);
  });

  test('who sent from an address that is not its own is not called as its owner', () => {
    const nameAt = (hook: Hook, more: Changes = {}) =>
      flowOf({ type: EventType.Drop, reason: DropReason.InvalidSourceAddress, hook, ...more })
        .source;
    const at = { address: '10.0.0.1', port: 40_000 };
    const unknown = { ...at, identity: 0, name: 'unknown' };
    assert.deepEqual(nameAt(Hook.ToEndpoint, { endpoint: 2 }), unknown);
    assert.deepEqual(nameAt(Hook.ToNetwork), unknown);
    assert.deepEqual(nameAt(Hook.FromNetwork), { ...at, identity: 2, name: 'world' });
    const { name } = nameAt(Hook.FromEndpoint, { endpoint: 2 });
    assert.equal(name, 'shop/bert');
  });

  test('a trace stands for many packets of a flow that goes on', () => {
    const reason = TraceReason.Reply;
    const flow = flowOf({ type: EventType.Trace, reason, isReply: 1, count: 12_345 });
    assert.deepEqual([flow.verdict, flow.isReply, flow.isNew], ['forwarded', true, false]);
    assert.deepEqual([flow.count, flow.rules], [12_345, []]);
    assert.equal(flow.reason, undefined);
  });

  test('ends are the world, the host, and endpoints of either family', () => {
    assert.equal(flowOf({ source: '10.0.0.254' }).source.name, 'host');
    assert.equal(flowOf({ source: '2001:db8::1' }).source.name, 'world');
    const { source } = flowOf({ source: 'fd00::1' });
    assert.deepEqual([source.address, source.name], ['fd00::1', 'shop/anna']);
  });
});

describe('protocols of a flow', () => {
  const cases: { protocol: number; name: string; ports: boolean; flags: boolean }[] = [
    { protocol: IpProtocol.TCP, name: 'TCP', ports: true, flags: true },
    { protocol: IpProtocol.UDP, name: 'UDP', ports: true, flags: false },
    { protocol: IpProtocol.SCTP, name: 'SCTP', ports: true, flags: false },
    { protocol: IpProtocol.ICMP, name: 'ICMP', ports: false, flags: false },
    { protocol: IpProtocol.ICMPv6, name: 'ICMPv6', ports: false, flags: false },
    { protocol: 253, name: '253', ports: false, flags: false },
  ];
  for (const { protocol, name, ports, flags } of cases) {
    test(`${name}: ${ports ? 'ports' : 'no ports'}, ${flags ? 'flags' : 'no flags'}`, () => {
      const flow = flowOf({ protocol });
      assert.equal(flow.protocol, name);
      assert.deepEqual(['port' in flow.source, 'port' in flow.destination], [ports, ports]);
      assert.equal('tcpFlags' in flow, flags);
    });
  }

  test('TCP flags come in the order of their bits', () => {
    assert.equal(flowOf({ tcpFlags: TcpFlag.ACK | TcpFlag.SYN }).tcpFlags, 'SYN ACK');
    assert.equal(flowOf({ tcpFlags: 0 }).tcpFlags, '');
  });

  test('a ping is explained as an echo request, whatever its identifier', () => {
    const toCarl = { destination: '10.0.0.3', protocol: IpProtocol.ICMP, destinationPort: 0 };
    assert.deepEqual(flowOf({ ...toCarl, sourcePort: 0x0301 }).rules, [FROM_ANNA, PINGS]);
    assert.deepEqual(flowOf({ ...toCarl, sourcePort: 77 }).rules, [FROM_ANNA, PINGS]);
  });
});

describe('rules of a flow while policy changes', () => {
  const allowUdp = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: udp, namespace: shop }
spec:
  podSelector: { matchLabels: { app: bert } }
  policyTypes: [Ingress]
  ingress: [{ ports: [{ port: 80 }] }]
`;

  test('the rules of now are named, not those that were remembered', () => {
    const changing = makeNode().model;
    const names = () => toFlow(eventOf(), changing, TIME.toISOString()).rules.join();
    const before = names();
    changing.applyDocuments(parsePolicies(allowUdp, { file: 'udp.yaml' }));
    assert.match(names(), /shop\/udp/);
    changing.deleteDocuments(['NetworkPolicy/shop/udp']);
    assert.equal(names(), before);
  });

  test('a record of an endpoint that has gone is no error', () => {
    const changing = makeNode().model;
    changing.removeEndpoint(BERT.id);
    const flow = toFlow(eventOf(), changing, TIME.toISOString());
    assert.equal(flow.destination.name, 'world');
    assert.equal(flow.destination.identity, 257);
  });
});

describe("the real programs' records", () => {
  const fromEndpoint = tables.load(endpointPrograms(NODE).fromEndpoint);

  function sent(from: EndpointFacts, to: string, content: object): FlowView[] {
    const packet = makeFrame({
      sourceMac: formatMac(from.mac),
      destinationMac: formatMac(from.gatewayMac),
      source: from.ipv4!.bytes.join('.'),
      destination: to,
      ...content,
    });
    fromEndpoint.run({ packet, context: { ifindex: from.interfaceIndex } });
    const codec = codecOf(DatapathEvent);
    return tables
      .takeEvents()
      .map((bytes) => toFlow(codec.decode(bytes), model, TIME.toISOString()));
  }

  test('a connection that is let through', () => {
    const tcp = { sourcePort: 40_001, destinationPort: 80, flags: TcpFlag.SYN };
    const [flow, ...others] = sent(ANNA, '10.0.0.2', { tcp });
    assert.deepEqual(others, []);
    assert.deepEqual([flow?.verdict, flow?.isNew], ['forwarded', true]);
    assert.deepEqual(flow?.rules, [FROM_ANNA, TO_BERT]);
    assert.equal(flow?.source.identity, model.endpoint(ANNA.id)?.identity);
    assert.deepEqual(flow?.destination.port, 80);
  });

  test('one that the receiver does not take', () => {
    const tcp = { sourcePort: 40_002, destinationPort: 80, flags: TcpFlag.SYN };
    const [flow] = sent(CARL, '10.0.0.2', { tcp });
    assert.deepEqual([flow?.reason, flow?.direction], ['policy denied', 'ingress']);
    assert.deepEqual(flow?.rules, ['shop/to-bert']);
  });

  test('one that the sender may not begin', () => {
    const udp = { sourcePort: 40_003, destinationPort: 53 };
    const [flow] = sent(ANNA, '8.8.8.8', { udp });
    assert.deepEqual([flow?.reason, flow?.direction], ['policy denied', 'egress']);
    assert.deepEqual(flow?.rules, ['shop/from-anna']);
  });

  test("one with another's address", () => {
    const udp = { sourcePort: 40_004, destinationPort: 53 };
    const [flow] = sent({ ...ANNA, ipv4: CARL.ipv4! }, '10.0.0.2', { udp });
    assert.equal(flow?.reason, 'invalid source ip');
    assert.deepEqual(flow?.rules, []);
    assert.deepEqual([flow?.source.address, flow?.source.name], ['10.0.0.3', 'shop/anna']);
    assert.ok(!matches(flow!, { endpoint: 'carl' }));
  });

  describe('of a frame whose addresses were not read', () => {
    const unread = { address: '', identity: 0, name: '' };

    /** Told by who sent or was to get it, and found by that. */
    function check(flow: FlowView | undefined, want: Partial<FlowView>, endpoint: string): void {
      const { verdict, protocol, isReply, rules } = flow!;
      assert.deepEqual([verdict, protocol, isReply, rules], ['dropped', '', false, []]);
      assert.deepEqual({ ...flow, ...want }, flow);
      assert.equal(matches(flow!, { endpoint }), true);
    }

    test('sent by an endpoint, after a packet of another', () => {
      const tcp = { sourcePort: 40_005, destinationPort: 80, flags: TcpFlag.SYN };
      sent(CARL, '10.0.0.2', { tcp });
      const [flow] = sent({ ...ANNA, mac: BERT.mac }, '10.0.0.2', { tcp });
      const source = { ...unread, identity: model.endpoint(ANNA.id)!.identity, name: 'shop/anna' };
      check(flow, { reason: 'invalid source mac', source, destination: unread }, 'anna');
    });

    test('on its way to an endpoint', () => {
      const toEndpoint = tables.load(endpointPrograms(NODE).toEndpoint);
      const packet = new Uint8Array(64).fill(0xff);
      toEndpoint.run({ packet, context: { ifindex: BERT.interfaceIndex } });
      const [record] = tables.takeEvents();
      const flow = toFlow(codecOf(DatapathEvent).decode(record!), model, TIME.toISOString());
      const identity = model.endpoint(BERT.id)!.identity;
      const destination = { ...unread, identity, name: 'shop/bert' };
      const reason = 'unsupported network protocol';
      check(flow, { reason, source: unread, destination }, 'shop/bert');
    });

    const nobody = { source: '::', destination: '::', endpoint: 0, type: EventType.Drop } as const;
    const others = [
      { name: 'from the world', have: { hook: Hook.FromNetwork }, end: 'source', want: 'world' },
      { name: 'of the node', have: { hook: Hook.ToNetwork }, end: 'source', want: 'host' },
      { name: 'of one that is gone', have: { endpoint: 9 }, end: 'source', want: 'unknown' },
    ] as const;
    for (const { name, have, end, want } of others) {
      test(name, () => {
        const flow = flowOf({ ...nobody, reason: DropReason.TruncatedHeader, ...have });
        assert.deepEqual([flow[end].name, flow[end].address], [want, '']);
      });
    }
  });
});
