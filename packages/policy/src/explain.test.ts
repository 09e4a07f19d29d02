import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyProtocol } from './decision-table.ts';
import { type Explanation, explain } from './explain.ts';
import { Cluster, cilium, kubernetes } from './policy-cases.ts';

function ask(policies: readonly string[], from: string, to: string, port: number): Explanation {
  const cluster = new Cluster();
  cluster.apply(policies);
  const party = (name: string) => {
    const peer = cluster.set.peer(name);
    const subject = cluster.set.subject(name);
    const facts = peer ? { ...peer, prefix: peer.prefixes[0] } : cluster.set.peerAtAddress(name);
    return { name, facts, subject };
  };
  return explain(cluster.set, {
    from: party(from),
    to: party(to),
    protocol: PolicyProtocol.Tcp,
    port,
  });
}

const ALLOW_FRONTEND = kubernetes(
  `{podSelector: {matchLabels: {app: api}},
    ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}], ports: [{port: 80}]}]}`,
);

test('what nobody forbids', () => {
  const { verdict, egress, ingress } = ask([], 'frontend', 'api', 80);
  assert.equal(verdict, 'allow');
  assert.equal(
    egress!.text,
    'egress of frontend allows TCP 80 to api: no policy selects the endpoint',
  );
  assert.deepEqual(ingress!.wouldChange, [
    'a policy that selects it for ingress would deny what its rules do not allow',
  ]);
});

test('the rule that allows', () => {
  const { verdict, ingress } = ask([ALLOW_FRONTEND], 'frontend', 'api', 80);
  assert.equal(verdict, 'allow');
  assert.equal(
    ingress!.text,
    "ingress of api allows TCP 80 from frontend: allowed by 'shop/policy ingress[0]' (case.yaml:2)",
  );
  assert.deepEqual(ingress!.wouldChange, [
    "without 'shop/policy ingress[0]' (case.yaml:2) it would be denied",
  ]);
});

test('the right peer at the wrong port', () => {
  const { verdict, ingress } = ask([ALLOW_FRONTEND], 'frontend', 'api', 443);
  assert.equal(verdict, 'deny');
  assert.equal(
    ingress!.text,
    'ingress of api denies TCP 443 from frontend: no rule of shop/policy matches',
  );
  assert.deepEqual(ingress!.wouldChange, [
    "'shop/policy ingress[0]' (case.yaml:2) allows frontend, but only at TCP 80, not at TCP 443",
    'an ingress rule in shop/policy for frontend at TCP 443 would allow it',
  ]);
});

test('the wrong peer at the right port, and a world without policy', () => {
  const { verdict, egress, ingress } = ask([ALLOW_FRONTEND], '203.0.113.9', 'api', 80);
  assert.equal(verdict, 'deny');
  assert.equal(egress, undefined);
  assert.deepEqual(ingress!.wouldChange, [
    "'shop/policy ingress[0]' (case.yaml:2) allows TCP 80, but only for endpoints of " +
      'namespace shop with k8s:app in ("frontend"), not 203.0.113.9',
    'an ingress rule in shop/policy for 203.0.113.9 at TCP 80 would allow it',
  ]);
});

test('the rule that denies, on either side', () => {
  const deny = cilium(
    `{endpointSelector: {matchLabels: {app: frontend}}, enableDefaultDeny: {egress: false},
      egressDeny: [{toEndpoints: [{}]}]}`,
    'shop',
    'no-way-out',
  );
  const { verdict, egress, ingress } = ask([deny, ALLOW_FRONTEND], 'frontend', 'api', 80);
  assert.equal(verdict, 'deny');
  assert.equal(ingress!.verdict, 'allow');
  assert.equal(
    egress!.text,
    'egress of frontend denies TCP 80 to api: ' +
      "denied by 'shop/no-way-out egressDeny[0]' (case.yaml:2)",
  );
  const other = ask([deny], 'frontend', 'teller', 80);
  assert.match(other.egress!.text, /no policy denies by default$/);
});
