import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAccepted, parsePolicies, PolicyProtocol } from '@skep/policy';
import { parseAddress, parsePrefix } from '@skep/wire';
import { explainFlow } from './explain-flow.ts';
import type { EndpointFacts } from './model/endpoint-facts.ts';
import { SimulatedNode } from './simulation/simulated-node.ts';
import type { ExplainRequest } from './views.ts';

function endpoint(id: number, name: string, addresses: readonly string[]): EndpointFacts {
  const [ipv4, ipv6] = ['.', ':'].map((mark) => addresses.find((text) => text.includes(mark)));
  return {
    id,
    name,
    namespace: 'default',
    labels: { app: name },
    ...(ipv4 === undefined ? {} : { ipv4: parseAddress(ipv4) }),
    ...(ipv6 === undefined ? {} : { ipv6: parseAddress(ipv6) }),
    namedPorts: [{ name: 'sql', protocol: PolicyProtocol.Tcp, port: 5432 }],
    interfaceIndex: 100 + id,
    mac: Uint8Array.of(2, 0, 0, 0, 0, id),
    gatewayMac: Uint8Array.of(6, 0, 0, 0, 0, id),
  };
}

const POLICY = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: both }
spec:
  endpointSelector: { matchLabels: { app: both } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: new } }]
      toPorts: [{ ports: [{ port: sql, protocol: TCP }] }]
    - fromCIDR: ['2001:db8::/32']
    - icmps: [{ fields: [{ type: EchoRequest, family: IPv4 }] }]
`;

const node = new SimulatedNode();
node.addEndpoint(endpoint(1, 'both', ['10.0.0.1', 'fd00::1']));
node.addEndpoint(endpoint(2, 'old', ['10.0.0.2']));
node.addEndpoint(endpoint(3, 'new', ['fd00::3']));
node.model.applyDocuments(parsePolicies(POLICY, { file: 'both.yaml' }));

const explain = (request: Omit<ExplainRequest, 'protocol'> & Partial<ExplainRequest>) =>
  explainFlow(node.model, { protocol: 'TCP', ...request });

const verdicts: readonly { have: Parameters<typeof explain>[0]; want: 'allow' | 'deny' }[] = [
  { have: { from: 'default/new', to: 'both', port: 'sql' }, want: 'allow' },
  { have: { from: 'new', to: 'both', port: '5433' }, want: 'deny' },
  { have: { from: 'old', to: 'both', port: 'sql' }, want: 'deny' },
  { have: { from: '2001:db8::9', to: 'both', port: '80' }, want: 'allow' },
  { have: { from: '192.0.2.9', to: 'both', port: '80' }, want: 'deny' },
  { have: { from: 'old', to: 'both', protocol: 'ICMP' }, want: 'allow' },
  { have: { from: 'old', to: 'both', protocol: 'ICMP', port: 'EchoRequest' }, want: 'allow' },
  { have: { from: 'old', to: 'both', protocol: 'ICMP', port: 'Timestamp' }, want: 'deny' },
  { have: { from: 'new', to: 'both', protocol: 'ICMPv6' }, want: 'deny' },
];
describe('the node itself', () => {
  const host = new SimulatedNode();
  host.model.fill({
    documents: parsePolicies(
      `apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: node }
spec:
  nodeSelector: {}
  ingress:
    - fromCIDR: [203.0.113.0/24]
      toPorts: [{ ports: [{ port: '443', protocol: TCP }] }]`,
      { file: 'node.yaml' },
    ),
    nodeAddresses: ['10.0.0.254', 'fd00::fe'].map(parsePrefix),
    endpoints: [endpoint(1, 'anna', ['10.0.0.1'])],
  });
  const ask = (from: string, to: string, port: string) =>
    explainFlow(host.model, { protocol: 'TCP', from, to, port });

  test('a rule about it allows, and is named', () => {
    const { verdict, ingress } = ask('world:203.0.113.7', 'host', '443');
    assert.equal(verdict, 'allow');
    assert.deepEqual(ingress?.rules, ['node ingress[0] (node.yaml:7)']);
  });

  test('what no rule allows is denied, also to an endpoint', () => {
    assert.equal(ask('world', 'host', '443').verdict, 'deny');
    assert.equal(ask('anna', 'host', '443').verdict, 'deny');
    assert.equal(ask('host', 'world', '443').verdict, 'allow');
  });

  test('a safe port is open to the world, and says so', () => {
    const { verdict, ingress } = ask('world:2001:db8::7', 'host', '22');
    assert.equal(verdict, 'allow');
    assert.match(ingress!.text, /'safe port ingress TCP 22' .* stays open whatever policies say$/);
    assert.equal(ask('anna', 'host', '22').verdict, 'deny');
  });

  test('what is called the world has to be the world', () => {
    assert.throws(() => ask('world:10.0.0.1', 'host', '22'), /that address is of default\/anna/);
  });
});

describe('a policy that cannot be read', () => {
  const kinds = [
    ['NetworkPolicy', 'networking.k8s.io/v1', 'podSelector: !!omap {}'],
    ['CiliumNetworkPolicy', 'cilium.io/v2', 'endpointSelector: !!omap {}'],
  ];
  for (const [kind, version, spec] of kinds) {
    test(`${kind}: it is said that it cannot, not which rule it lacks`, () => {
      const closed = new SimulatedNode();
      closed.addEndpoint(endpoint(1, 'anna', ['10.0.0.1']));
      const head = `apiVersion: ${version}\nkind: ${kind}\nmetadata: { name: old }`;
      const text = `${head}\nspec: { ${spec} }`;
      const key = `${kind}/default/old`;
      closed.model.applyDocuments(parseAccepted(text, 'old.yaml', [key]));
      const request = { protocol: 'TCP', from: 'anna', to: 'world', port: '80' } as const;
      const { verdict, egress } = explainFlow(closed.model, request);
      assert.equal(verdict, 'deny');
      assert.match(egress!.text, /; policy \S+\/old cannot be read any more: old\.yaml:4: /);
      const wouldChange = [`apply ${key} anew, or \`skep policy delete ${key}\``];
      assert.deepEqual(egress!.wouldChange, wouldChange);
    });
  }
});

describe('a question over the family that both ends have', () => {
  for (const { have, want } of verdicts) {
    test(JSON.stringify(have), () => assert.equal(explain(have).verdict, want));
  }
});

describe('what never leaves its endpoint is allowed, whatever policies say', () => {
  const own = 'an endpoint always reaches itself; no policy is asked';
  const cases = [
    { have: { from: 'both', to: 'both', port: '80' }, want: own },
    { have: { from: 'both', to: '10.0.0.1', port: '80' }, want: own },
    { have: { from: 'fd00::1', to: 'default/both', protocol: 'ICMPv6' }, want: own },
    { have: { from: 'old', to: 'old', port: 'sql' }, want: own },
  ] as const;
  for (const { have, want } of cases) {
    test(JSON.stringify(have), () => {
      assert.deepEqual(explain(have), { verdict: 'allow', text: want });
    });
  }

  test('the node, too', () => {
    const isolated = new SimulatedNode();
    isolated.model.setNodeAddresses(['10.0.0.254'].map(parsePrefix));
    const question = { from: 'host', to: 'host', port: '22', protocol: 'TCP' } as const;
    const answer = explainFlow(isolated.model, question);
    const text = 'the node always reaches itself; no policy is asked';
    assert.deepEqual(answer, { verdict: 'allow', text });
  });
});

const refused: readonly { have: Parameters<typeof explain>[0]; want: RegExp }[] = [
  { have: { from: 'old', to: 'new', port: '1' }, want: /found IPv4 and IPv6, expected a family/ },
  { have: { from: 'old', to: 'both', protocol: 'ICMPv6' }, want: /that ICMPv6 is of/ },
  { have: { from: 'nobody', to: 'both', port: '1' }, want: /expected an endpoint \(namespace/ },
  { have: { from: 'old', to: 'both' }, want: /explain TCP: found no port, expected a number or/ },
  {
    have: { from: 'old', to: 'both', port: 'web' },
    want: /port 'web': .* default\/both names sql/,
  },
  {
    have: { from: 'old', to: 'both', port: 'sql', protocol: 'UDP' },
    want: /default\/both names no UDP port/,
  },
  {
    have: { from: 'old', to: 'both', protocol: 'ICMP', port: 'Ping' },
    want: /type 'Ping': expected 0 to 255, or one of EchoReply, /,
  },
];
describe('what means nothing is refused, with what was expected', () => {
  for (const { have, want } of refused) {
    test(JSON.stringify(have), () => {
      assert.throws(() => explain(have), { code: 'ERR_EXPLAIN', message: want });
    });
  }
});
