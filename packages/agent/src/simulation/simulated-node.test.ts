import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DropReason, ReservedIdentity } from '@skep/contract';
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

const BERT_SYN = makeFrame({
  sourceMac: formatMac(BERT.mac),
  destinationMac: formatMac(BERT.gatewayMac),
  source: '10.0.0.2',
  destination: '10.0.0.1',
  tcp: { sourcePort: 40_001, destinationPort: 80, flags: TcpFlag.SYN },
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

const INIT_POLICY = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: init }
spec:
  endpointSelector: { matchLabels: { "reserved:init": "" } }
  egress: [{ toEndpoints: [{ matchLabels: { app: bert } }] }]
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: bert, namespace: default }
spec:
  endpointSelector: { matchLabels: { app: bert } }
  ingress: [{ fromEntities: [init] }]
`;

test('without labels yet: closed both ways, but for rules about init', () => {
  const node = new SimulatedNode();
  const { labels: _, ...unlabelled } = ANNA;
  node.addEndpoint(unlabelled);
  node.addEndpoint(BERT);
  assert.equal(node.model.endpoint(ANNA.id)?.identity, ReservedIdentity.Init);
  assert.equal(node.model.identities.size, 1, 'init is given to nobody, it is there');
  const closed = node.sendFrom(ANNA.id, SYN);
  assert.deepEqual([closed.verdict, closed.reason], ['dropped', DropReason.PolicyDenied]);
  const toAnna = node.sendFrom(BERT.id, BERT_SYN);
  assert.deepEqual([toAnna.verdict, toAnna.reason], ['dropped', DropReason.PolicyDenied]);
  node.model.applyDocuments(parsePolicies(INIT_POLICY, { file: 'init.yaml' }));
  assert.equal(node.sendFrom(ANNA.id, SYN).interfaceIndex, BERT.interfaceIndex);
  node.model.deleteDocuments(['CiliumClusterwideNetworkPolicy//init']);
  assert.equal(node.sendFrom(ANNA.id, SYN).verdict, 'dropped');
  node.model.relabelEndpoint(ANNA.id, { app: 'anna' });
  assert.equal(node.sendFrom(ANNA.id, SYN).reason, DropReason.PolicyDenied, 'bert wants init');
  node.model.deleteDocuments(['CiliumNetworkPolicy/default/bert']);
  assert.equal(node.sendFrom(ANNA.id, SYN).verdict, 'forwarded');
  node.model.relabelEndpoint(ANNA.id, undefined);
  assert.equal(node.sendFrom(ANNA.id, SYN).verdict, 'dropped', 'and closed again');
});

/** Lets in who is in a namespace of the team. */
const TEAM_POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: bert }
spec:
  podSelector: { matchLabels: { app: bert, tier: db } }
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: trusted } } }] }]
`;
const GUARDED_BERT = { ...BERT, labels: { app: 'bert', tier: 'db' } };

test('labels that an endpoint gives itself open neither it nor another', () => {
  const node = new SimulatedNode();
  node.addEndpoint({ ...ANNA, labels: { 'io.cilium.k8s.namespace.labels.team': 'trusted' } });
  node.addEndpoint(GUARDED_BERT);
  node.model.applyDocuments(parsePolicies(TEAM_POLICY, { file: 'bert.yaml' }));
  assert.equal(node.sendFrom(ANNA.id, SYN).verdict, 'dropped', 'its namespace is not of the team');

  const namesake = { ...endpoint(3, 'namesake'), labels: { app: 'bert;k8s:tier=db' } };
  node.addEndpoint(namesake);
  const { identity, subject } = node.model.endpoint(BERT.id)!;
  assert.notEqual(node.model.endpoint(namesake.id)!.identity, identity);
  assert.notEqual(node.model.endpoint(namesake.id)!.subject, subject);
  assert.equal(node.sendFrom(ANNA.id, SYN).verdict, 'dropped', 'bert’s rules are still bert’s');
});

test('who is in a namespace with the label gets in', () => {
  const node = new SimulatedNode();
  node.addEndpoint({ ...ANNA, namespaceLabels: { team: 'trusted' } });
  node.addEndpoint(GUARDED_BERT);
  node.model.applyDocuments(parsePolicies(TEAM_POLICY, { file: 'bert.yaml' }));
  assert.equal(node.sendFrom(ANNA.id, SYN).verdict, 'forwarded');
});
