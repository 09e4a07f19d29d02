import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatusView } from '@skep/agent';
import { formatStatus } from './status.ts';

const HEALTHY: StatusView = {
  ...{ version: '0.1.0', isReady: true, startedAt: '2026-01-01T00:00:00.000Z' },
  ...{ kernel: '6.18.0', attachment: 'tcx', deviceKind: 'veth' },
  ...{ endpoints: 3, identities: 2, policies: 1 },
  ...{ revision: 7, forwardedPackets: 12, droppedPackets: { 'policy denied': 2 } },
  ...{ lostEvents: 0, memoryBytes: 2 ** 27, uplinks: ['eth0'], problems: [] },
  node: {
    labels: ['k8s:kubernetes.io/hostname=n1', 'reserved:host='],
    isIngressEnforced: true,
    isEgressEnforced: false,
    guardedInterfaces: ['eth0', 'eth1'],
    safePorts: ['ingress TCP 22', 'egress UDP 53'],
  },
  reserved: [
    { number: 1, labels: ['reserved:host='], endpoints: 0, places: 4 },
    { number: 5, labels: ['reserved:init='], endpoints: 2, places: 2 },
    { number: 6, labels: ['reserved:remote-node='], endpoints: 0, places: 0 },
    { number: 9, labels: ['reserved:world=', 'reserved:world-ipv4='], endpoints: 0, places: 1 },
  ],
  pools: [],
  tables: [
    { name: 'skep_address', used: 10, capacity: 100, isEvicting: false },
    { name: 'skep_conn', used: 99, capacity: 100, isEvicting: true },
    { name: 'skep_prefix', used: 95, capacity: 100, isEvicting: false },
  ],
};

test('a node as people read it; only tables that are nearly full', () => {
  assert.equal(
    formatStatus(HEALTHY),
    `agent              0.1.0, since 2026-01-01T00:00:00.000Z
kernel             6.18.0, programs attached by tcx
uplink             eth0
endpoints          3 with 2 identities
new endpoints      by veth
entities           host, init (2 endpoints), world-ipv4 (see \`skep identity list --all\`)
policies           1, revision 7
node               ingress by rules, at eth0, eth1
                   safe ports: ingress TCP 22, egress UDP 53
forwarded          12 packets
dropped            2 packets: policy denied
events lost        0
memory             128 MiB
table skep_conn    99 % of 100, the oldest give way
table skep_prefix  95 % of 100
`,
  );
});

test('addresses that the agent gives, where it does', () => {
  const of = { ranges: ['x'], isUsedUp: false };
  const pools = [
    { ...of, family: 'IPv4', addresses: '254', taken: 3, cooling: 2 },
    { ...of, family: 'IPv6', addresses: '18446744073709551616', taken: 3, cooling: 0 },
  ];
  assert.match(
    formatStatus({ ...HEALTHY, pools }),
    /\naddresses +IPv4: 3 of 254 taken, 2 cooling down\n +IPv6: 3 of 18446744073709551616 taken\n/,
  );
});

test('each problem with what to do about it', () => {
  const problems = ['the pins are gone (mount it (again))', 'something else is wrong'];
  const text = formatStatus({ ...HEALTHY, uplinks: [], problems });
  assert.match(text, /^uplink +none: no default route/m);
  assert.ok(
    text.endsWith(`problem: the pins are gone
  what to do: mount it (again)
problem: something else is wrong
`),
  );
});

test('what waits to be confirmed: policies, or the labels that they select the node by', () => {
  const pendingPolicies = { keys: ['x//a', 'x//b'], until: '', secondsLeft: 7 };
  const soon = '(`skep policy confirm` within 7 s)';
  const text = formatStatus({ ...HEALTHY, pendingPolicies });
  assert.ok(text.includes(`\nto confirm         x//a, x//b ${soon}\n`));
  const ofLabels = formatStatus({
    ...HEALTHY,
    pendingPolicies: { ...pendingPolicies, isOfLabels: true },
  });
  assert.ok(ofLabels.includes(` labels of this node, which concern x//a, x//b ${soon}\n`));
});
