import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, formatPrefix, parseAddress, parsePrefix, type Prefix } from '@skep/wire';
import fc from 'fast-check';
import type { PolicyChanges } from './changes.ts';
import {
  type DecisionTable,
  type Direction,
  decideByTable,
  type GroupId,
  PolicyProtocol,
} from './decision-table.ts';
import { parsePolicies } from './documents/parse.ts';
import { nodeLabels, reservedLabels, workloadLabels } from './labels.ts';
import { documentKey, type NamedPort, type Peer } from './model.ts';
import { type NaiveParty, naiveAllows } from './naive.ts';
import { PolicySet } from './policy-set.ts';
import { containsPrefix } from './prefixes.ts';
import {
  LOCAL_ADDRESSES,
  LOCAL_PREFIXES,
  OUTSIDE,
  PORTS,
  podAt,
  randomDocument,
} from './random-policies.ts';

const POD_ADDRESSES = [
  ...['10.0.0.5', '10.0.0.7', '10.0.1.1', '2001:db8::5', '2001:db8::9'],
  ...['10.1.0.7'],
];
const HOST = { ...outside('host', '10.0.0.1'), labels: { zone: 'a' } };
const OTHER_NODE = outside('remote-node', '192.0.2.129');
const WORLD = OUTSIDE.map((address) => outside('world', address));

const PROTOCOLS = {
  TCP: PolicyProtocol.Tcp,
  UDP: PolicyProtocol.Udp,
  SCTP: PolicyProtocol.Sctp,
  ICMP: PolicyProtocol.Icmp,
  ICMPv6: PolicyProtocol.Icmpv6,
  GRE: PolicyProtocol.Other,
} as const;

/** What policies of the node cannot close, by the two words of each. */
const SAFE_PORTS = [
  { direction: 'ingress', protocol: 'TCP', port: 80 },
  { direction: 'egress', protocol: 'UDP', port: 443 },
] as const;

function outside(kind: NaiveParty['kind'], address: string): NaiveParty {
  return { kind, address, labels: {}, namespace: '', namespaceLabels: {}, namedPorts: [] };
}

/** A node that does what `PolicyChanges` asks for, and nothing else. */
class Node {
  readonly ipcache = new Map<string, { prefix: Prefix; groups: readonly GroupId[] }>();
  readonly tables = new Map<string, DecisionTable>();

  constructor(set: PolicySet) {
    for (const prefix of set.prefixesInUse()) {
      this.ipcache.set(formatPrefix(prefix), { prefix, groups: [] });
    }
  }

  restrict(changes: PolicyChanges): void {
    for (const { prefix, before } of changes.places) {
      this.ipcache.set(formatPrefix(prefix!), { prefix: prefix!, groups: before });
    }
  }

  swap(changes: PolicyChanges): void {
    for (const { key, table } of changes.subjects) this.tables.set(key, table);
  }

  grant(changes: PolicyChanges): void {
    for (const { prefix, kind, after } of changes.places) {
      if (kind === 'removed') this.ipcache.delete(formatPrefix(prefix!));
      else this.ipcache.set(formatPrefix(prefix!), { prefix: prefix!, groups: after });
    }
  }

  groups(address: Address): ReadonlySet<GroupId> {
    const own = { address, length: address.bytes.length * 8 };
    let best: { prefix: Prefix; groups: readonly GroupId[] } | undefined;
    for (const entry of this.ipcache.values()) {
      if (!containsPrefix(entry.prefix, own)) continue;
      if (!best || entry.prefix.length > best.prefix.length) best = entry;
    }
    return new Set(best?.groups);
  }
}

interface Probe {
  readonly name: string;
  readonly subject: string;
  readonly direction: Direction;
  readonly peer: NaiveParty;
  readonly protocol: keyof typeof PROTOCOLS;
  readonly port: number;
}

/** Who is at the addresses that are the node's while it has these prefixes. */
function atLocalAddresses(prefixes: readonly string[]): NaiveParty[] {
  return LOCAL_ADDRESSES.map((address) => {
    const own = parsePrefix(address);
    const isLocal = prefixes.some((each) => containsPrefix(parsePrefix(each), own));
    return outside(isLocal ? 'host' : 'world', address);
  });
}

function* probesOf(
  pods: ReadonlyMap<string, NaiveParty>,
  localPrefixes: readonly string[],
): Generator<Probe> {
  const others = [HOST, OTHER_NODE, ...WORLD, ...atLocalAddresses(localPrefixes)];
  const peers = [...pods.values(), ...others];
  let turn = 0;
  for (const subject of [HOST.address, ...pods.keys()]) {
    for (const peer of peers) {
      for (const protocol of Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[]) {
        for (const port of protocol === 'GRE' ? [0] : PORTS) {
          turn++;
          if (turn % 3 !== 0) continue;
          if (protocol.startsWith('ICMP') && port > 255) continue;
          for (const direction of ['ingress', 'egress'] as const) {
            const end = `${peer.kind} ${peer.address}`;
            const name = `${direction} of ${subject}, ${end}, ${protocol} ${port}`;
            yield { name, subject, direction, peer, protocol, port };
          }
        }
      }
    }
  }
}

function verdictOf(node: Node, probe: Probe): boolean {
  const table = node.tables.get(probe.subject)![probe.direction];
  const groups = node.groups(parseAddress(probe.peer.address));
  return decideByTable(table, PROTOCOLS[probe.protocol], probe.port, groups) === 'allow';
}

function toPeer(party: NaiveParty): Peer {
  const labels =
    party.kind === 'pod'
      ? workloadLabels(party.labels, party.namespace, party.namespaceLabels)
      : reservedLabels(party.kind);
  const namedPorts = party.namedPorts.map(
    (port): NamedPort => ({ ...port, protocol: PROTOCOLS[port.protocol as 'TCP'] }),
  );
  return { labels, isManaged: true, prefixes: [parsePrefix(party.address)], namedPorts };
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ apply: fc.array(randomDocument, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ forget: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ pod: fc.oneof(...POD_ADDRESSES.map(podAt)) }),
  },
  { weight: 1, arbitrary: fc.record({ lose: fc.constantFrom(...POD_ADDRESSES) }) },
  { weight: 2, arbitrary: fc.record({ localPrefixes: fc.subarray(LOCAL_PREFIXES) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A node, its policy set, and the documents and pods as plain lists. */
class Trial {
  readonly set = new PolicySet({
    safePorts: SAFE_PORTS.map((safe) => ({ ...safe, protocol: PROTOCOLS[safe.protocol] })),
  });
  readonly node = new Node(this.set);
  readonly documents = new Map<string, unknown>();
  readonly pods = new Map<string, NaiveParty>();
  localPrefixes: readonly string[] = [];

  constructor(pods: readonly NaiveParty[]) {
    for (const party of [HOST, OTHER_NODE]) this.write(this.set.setPeer(party.kind, toPeer(party)));
    const node = new Map([[HOST.address, { labels: nodeLabels(HOST.labels) }]]);
    this.write(this.set.update({ subjects: node }));
    this.run({ localPrefixes: LOCAL_PREFIXES });
    for (const pod of pods) this.run({ pod });
  }

  run(step: Step): void {
    // Only documents: a peer that is another one now has no old verdict.
    const isSame = 'apply' in step || 'forget' in step;
    const probes = isSame ? [...probesOf(this.pods, this.localPrefixes)] : [];
    const old = probes.map((probe) => verdictOf(this.node, probe));
    const changes = this.change(step);
    this.node.restrict(changes);
    const during = probes.map((probe) => verdictOf(this.node, probe));
    this.node.swap(changes);
    const swapped = probes.map((probe) => verdictOf(this.node, probe));
    this.node.grant(changes);
    this.set.release(changes.groupsReleased);
    for (const [index, probe] of probes.entries()) {
      const now = verdictOf(this.node, probe);
      const isBounded = old[index] || now || (!during[index] && !swapped[index]);
      assert.ok(isBounded, `half of an update allowed ${probe.name}`);
    }
    this.check();
  }

  write(changes: PolicyChanges): void {
    this.node.restrict(changes);
    this.node.swap(changes);
    this.node.grant(changes);
    this.set.release(changes.groupsReleased);
  }

  change(step: Step): PolicyChanges {
    if ('apply' in step) {
      const unique = new Map(
        step.apply.map((written) => [JSON.stringify(written.metadata) + written.kind, written]),
      );
      const documents = [...unique.values()].flatMap((written) => {
        const [document] = parsePolicies(JSON.stringify(written), { file: 'random.yaml' });
        this.documents.set(documentKey(document!), written);
        return [document!];
      });
      return this.set.apply(documents);
    }
    if ('forget' in step) {
      const keys = [...this.documents.keys()];
      const key = keys[step.forget % Math.max(1, keys.length)] ?? 'none';
      this.documents.delete(key);
      return this.set.delete([key]);
    }
    if ('lose' in step) {
      this.pods.delete(step.lose);
      this.node.tables.delete(step.lose);
      return this.set.update({ deletedPeers: [step.lose], deletedSubjects: [step.lose] });
    }
    if ('localPrefixes' in step) {
      this.localPrefixes = step.localPrefixes;
      const host = toPeer(HOST);
      const prefixes = [...host.prefixes, ...step.localPrefixes.map(parsePrefix)];
      return this.set.setPeer('host', { ...host, prefixes });
    }
    const { pod } = step;
    const peer = toPeer(pod);
    this.pods.set(pod.address, pod);
    return this.set.update({
      peers: new Map([[pod.address, peer]]),
      subjects: new Map([[pod.address, peer]]),
    });
  }

  /** Without documents nothing is left of them. */
  end(): void {
    this.write(this.set.delete([...this.documents.keys()]));
    assert.deepEqual(this.set.prefixesInUse().map(formatPrefix), ['0.0.0.0/0', '::/0']);
    for (const { groups } of this.node.ipcache.values()) assert.deepEqual(groups, []);
    for (const { ingress, egress } of this.node.tables.values()) {
      assert.deepEqual(ingress, { isEnforced: false, segments: [] });
      assert.deepEqual(egress, { isEnforced: false, segments: [] });
    }
  }

  check(): void {
    const documents = [...this.documents.values()];
    for (const probe of probesOf(this.pods, this.localPrefixes)) {
      const self = this.pods.get(probe.subject) ?? HOST;
      const { peer, protocol, port, direction } = probe;
      const [from, to] = direction === 'ingress' ? [peer, self] : [self, peer];
      const flow = { from, to, protocol, port };
      const wanted = naiveAllows(documents, flow, direction, SAFE_PORTS);
      assert.equal(verdictOf(this.node, probe), wanted, `table: ${probe.name}`);
      const decision = this.set.decide(probe.subject, {
        direction,
        peer: this.set.peerAtAddress(peer.address),
        protocol: PROTOCOLS[protocol],
        port,
      });
      assert.equal(decision.verdict === 'allow', wanted, `rules: ${probe.name}`);
    }
  }
}

test('tables, groups and named rules decide as the documents say, after every change', (t) => {
  const seed = Number(process.env.SKEP_SEED ?? Date.now() & 0x7fffffff);
  const runs = Number(process.env.SKEP_RUNS ?? 60);
  t.diagnostic(`seed ${seed}, ${runs} runs (SKEP_SEED and SKEP_RUNS set them)`);
  const pods = fc.tuple(...POD_ADDRESSES.slice(0, 4).map(podAt));
  const property = fc.property(
    pods,
    fc.array(step, { minLength: 1, maxLength: 6 }),
    (some, steps) => {
      const trial = new Trial(some);
      for (const one of steps) trial.run(one);
      trial.end();
    },
  );
  fc.assert(property, { seed, numRuns: runs });
});
