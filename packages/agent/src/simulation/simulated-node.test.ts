import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DropReason } from '@skep/contract';
import { parsePolicies } from '@skep/policy';
import { formatMac, makeFrame, parseAddress, TcpFlag } from '@skep/wire';
import type { EndpointFacts } from '../model/endpoint-facts.ts';
import { SimulatedNode } from './simulated-node.ts';

function endpoint(id: number, name: string): EndpointFacts {
  return {
    id,
    name,
    namespace: 'default',
    labels: { app: name },
    ipv4: parseAddress(`10.0.0.${id}`),
    interfaceIndex: 100 + id,
    mac: Uint8Array.of(2, 0, 0, 0, 0, id),
    gatewayMac: Uint8Array.of(6, 0, 0, 0, 0, id),
  };
}

const [ANNA, BERT] = [endpoint(1, 'anna'), endpoint(2, 'bert')];

const SYN = makeFrame({
  sourceMac: formatMac(ANNA.mac),
  destinationMac: formatMac(ANNA.gatewayMac),
  source: '10.0.0.1',
  destination: '10.0.0.2',
  tcp: { sourcePort: 40_000, destinationPort: 80, flags: TcpFlag.SYN },
});

test('a frame goes to its endpoint, until a policy says no, and again when it is deleted', () => {
  const node = new SimulatedNode();
  node.addEndpoint(ANNA);
  node.addEndpoint(BERT);
  const open = node.sendFrom(ANNA.id, SYN);
  assert.equal(open.verdict, 'forwarded');
  assert.equal(open.interfaceIndex, BERT.interfaceIndex);
  const policy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: bert }
spec: { podSelector: { matchLabels: { app: bert } } }
`;
  node.model.applyDocuments(parsePolicies(policy, { file: 'bert.yaml' }));
  const closed = node.sendFrom(ANNA.id, SYN);
  assert.equal(closed.verdict, 'dropped');
  assert.equal(closed.reason, DropReason.PolicyDenied);
  node.model.deleteDocuments(['NetworkPolicy/default/bert']);
  assert.equal(node.sendFrom(ANNA.id, SYN).verdict, 'forwarded');
});

test('an endpoint that is gone neither sends nor gets', () => {
  const node = new SimulatedNode();
  node.addEndpoint(ANNA);
  node.addEndpoint(BERT);
  node.removeEndpoint(BERT.id);
  const result = node.sendFrom(ANNA.id, SYN);
  assert.equal(result.interfaceIndex, undefined, 'left to the stack, as for any other address');
  assert.throws(() => node.sendFrom(BERT.id, SYN), /does not exist/);
});
