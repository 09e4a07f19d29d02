import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReservedIdentity, reservedIdentities } from '@skep/contract';
import { ENTITIES, entityMatches } from './entities.ts';
import { reservedIdentityLabels } from './identities.ts';
import { PolicySet } from './policy-set.ts';
import { PolicyProtocol } from './decision-table.ts';

/** Entities besides `all` that each reserved identity belongs to. */
const belongsTo: readonly (readonly [ReservedIdentity, ...entities: string[]])[] = [
  [ReservedIdentity.Unknown],
  [ReservedIdentity.Host, 'cluster', 'host'],
  [ReservedIdentity.World, 'world'],
  [ReservedIdentity.Unmanaged, 'cluster', 'unmanaged'],
  [ReservedIdentity.Health, 'cluster', 'health'],
  [ReservedIdentity.Init, 'cluster', 'init'],
  [ReservedIdentity.RemoteNode, 'cluster', 'remote-node'],
  [ReservedIdentity.KubeApiserver, 'cluster', 'kube-apiserver'],
  [ReservedIdentity.Ingress, 'cluster', 'ingress'],
  [ReservedIdentity.WorldIpv4, 'world', 'world-ipv4'],
  [ReservedIdentity.WorldIpv6, 'world', 'world-ipv6'],
];

for (const [identity, ...entities] of belongsTo) {
  test(`${ReservedIdentity[identity]} belongs to ${['all', ...entities].join(', ')}`, () => {
    const labels = reservedIdentityLabels(identity);
    const found = ENTITIES.filter((entity) => entityMatches(entity, labels));
    assert.deepEqual([...found].sort(), ['all', ...entities].sort());
  });
}

test('every reserved identity has a row, in the order of the numbers', () => {
  const numbers = Object.values(ReservedIdentity).filter((each) => typeof each === 'number');
  assert.deepEqual(
    reservedIdentities.map(({ identity }) => identity),
    numbers,
  );
});

test('an endpoint without labels yet is enforced without a policy, by name', () => {
  const set = new PolicySet({ localHost: 'by-rules' });
  const subject = { labels: reservedIdentityLabels(ReservedIdentity.Init) };
  set.setSubject('init', subject);
  set.setSubject('other', { labels: reservedIdentityLabels(ReservedIdentity.Health) });
  const { ingress, egress } = set.table('init')!;
  assert.deepEqual([ingress.isEnforced, egress.isEnforced], [true, true]);
  assert.equal(set.table('other')!.ingress.isEnforced, false);
  for (const direction of ['ingress', 'egress'] as const) {
    const peer = set.peerAtAddress('192.0.2.1');
    const decision = set.decide('init', { direction, peer, protocol: PolicyProtocol.Tcp, port: 1 });
    assert.equal(decision.verdict, 'deny');
    assert.deepEqual(decision.enforcedBy, ['reserved:init']);
  }
  assert.deepEqual(set.documents(), []);
});
