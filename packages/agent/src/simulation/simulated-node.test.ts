import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DropReason } from '@skep/contract';
import { parsePolicies } from '@skep/policy';
import { formatMac, makeFrame, parseAddress, TcpFlag } from '@skep/wire';
import type { EndpointFacts } from '../model/node-model.ts';
import { SimulatedNode } from './simulated-node.ts';

const CLOSED = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: bert }
spec: { podSelector: { matchLabels: { app: bert } }, policyTypes: [Ingress] }
`;

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

const ANNA = endpoint(1, 'anna');
const BERT = endpoint(2, 'bert');

function opening(sourcePort: number): Uint8Array {
  return makeFrame({
    sourceMac: formatMac(ANNA.mac),
    destinationMac: formatMac(ANNA.gatewayMac),
    source: '10.0.0.1',
    destination: '10.0.0.2',
    tcp: { sourcePort, destinationPort: 80, flags: TcpFlag.SYN },
  });
}

test('a frame goes to the endpoint that has its address, until a policy closes that', () => {
  const node = new SimulatedNode();
  for (const facts of [ANNA, BERT]) node.addEndpoint(facts);
  const open = node.sendFrom(ANNA.id, opening(40_000));
  assert.deepEqual([open.verdict, open.interfaceIndex], ['forwarded', BERT.interfaceIndex]);

  node.model.applyDocuments(parsePolicies(CLOSED, { file: 'closed.yaml' }));
  const closed = node.sendFrom(ANNA.id, opening(40_001));
  assert.deepEqual([closed.verdict, closed.reason], ['dropped', DropReason.PolicyDenied]);
});

test('an endpoint that is not there sends nothing', () => {
  assert.throws(() => new SimulatedNode().sendFrom(9, opening(1)), /endpoint 9: it does not exist/);
});
