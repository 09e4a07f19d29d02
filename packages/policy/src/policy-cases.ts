/** A small cluster and a way to write down what policies make of it in one line. For tests only. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@skep/wire';
import { type Direction, decideByTable, PolicyProtocol } from './decision-table.ts';
import { parsePolicies } from './documents/parse.ts';
import { nodeLabels, reservedLabels, workloadLabels } from './labels.ts';
import type { Peer, Subject } from './model.ts';
import { PolicySet } from './policy-set.ts';

/** One policy or several, and traffic that it lets pass or not. */
export interface PolicyCase {
  readonly name: string;
  /** `spec` of one policy, or complete documents. */
  readonly policies: readonly string[];
  /** Such as `frontend > api TCP 80`. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly localHost?: 'allowed' | 'by-rules';
}

/** A NetworkPolicy of namespace `shop` (or another) with this spec. */
export function kubernetes(spec: string, namespace = 'shop', name = 'policy'): string {
  const metadata = `{name: ${name}, namespace: ${namespace}}`;
  const head = 'apiVersion: networking.k8s.io/v1, kind: NetworkPolicy';
  return `{${head}, metadata: ${metadata}, spec: ${spec}}`;
}

/** A CiliumNetworkPolicy of namespace `shop` (or another) with this spec. */
export function cilium(spec: string, namespace = 'shop', name = 'policy'): string {
  const metadata = `{name: ${name}, namespace: ${namespace}}`;
  const head = 'apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy';
  return `{${head}, metadata: ${metadata}, spec: ${spec}}`;
}

/** A CiliumClusterwideNetworkPolicy with this spec. */
export function clusterwide(spec: string, name = 'policy'): string {
  const kind = 'CiliumClusterwideNetworkPolicy';
  return `{apiVersion: cilium.io/v2, kind: ${kind}, metadata: {name: ${name}}, spec: ${spec}}`;
}

interface Pod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  readonly namedPorts?: Subject['namedPorts'];
}

const { Tcp, Udp } = PolicyProtocol;

const PODS: Readonly<Record<string, Pod>> = {
  frontend: {
    namespace: 'shop',
    labels: { app: 'frontend', tier: 'web' },
    addresses: ['10.0.0.1', 'fd00::1'],
  },
  api: {
    namespace: 'shop',
    labels: { app: 'api', tier: 'backend' },
    addresses: ['10.0.0.2', 'fd00::2'],
    namedPorts: [
      { name: 'http', protocol: Tcp, port: 8080 },
      { name: 'stats', protocol: Udp, port: 9000 },
    ],
  },
  database: {
    namespace: 'shop',
    labels: { app: 'database', tier: 'backend' },
    addresses: ['10.0.0.3'],
    namedPorts: [{ name: 'http', protocol: Tcp, port: 80 }],
  },
  teller: {
    namespace: 'bank',
    labels: { app: 'frontend', tier: 'web' },
    addresses: ['10.0.1.1'],
  },
  vault: { namespace: 'bank', labels: { app: 'vault' }, addresses: ['10.0.1.2'] },
  dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' }, addresses: ['10.0.9.9'] },
};

const NAMESPACE_LABELS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: { team: 'red' },
  bank: { team: 'blue', 'example.com/audited': '' },
  'kube-system': {},
};

const RESERVED: Readonly<Record<string, readonly string[]>> = {
  host: ['10.0.0.254'],
  'remote-node': ['192.168.0.2'],
  'kube-apiserver': ['192.168.0.10'],
  health: ['10.0.0.253'],
  unmanaged: ['10.0.0.77'],
  init: ['10.0.0.78'],
};

const NODE_LABELS = { 'kubernetes.io/hostname': 'node-1', zone: 'eu' };

const PROTOCOLS: Readonly<Record<string, PolicyProtocol>> = {
  TCP: PolicyProtocol.Tcp,
  UDP: PolicyProtocol.Udp,
  SCTP: PolicyProtocol.Sctp,
  ICMP: PolicyProtocol.Icmp,
  ICMPv6: PolicyProtocol.Icmpv6,
  GRE: PolicyProtocol.Other,
};

/** Registers one test for each case. */
export function runCases(title: string, cases: readonly PolicyCase[]): void {
  for (const one of cases) {
    test(`${title}: ${one.name}`, () => {
      const cluster = new Cluster(one.localHost);
      cluster.apply(one.policies);
      for (const probe of one.allow ?? []) assert.equal(cluster.verdict(probe), 'allow', probe);
      for (const probe of one.deny ?? []) assert.equal(cluster.verdict(probe), 'deny', probe);
    });
  }
}

/** The pods above, some nodes, and the world. */
export class Cluster {
  readonly set: PolicySet;

  constructor(localHost: 'allowed' | 'by-rules' = 'allowed') {
    this.set = new PolicySet({ localHost });
    this.set.setSubject('host', { labels: nodeLabels(NODE_LABELS) });
    for (const [name, pod] of Object.entries(PODS)) {
      const peer = toPeer(pod);
      this.set.update({ peers: new Map([[name, peer]]), subjects: new Map([[name, peer]]) });
    }
    for (const [name, addresses] of Object.entries(RESERVED)) {
      const prefixes = addresses.map(parsePrefix);
      this.set.setPeer(name, { labels: reservedLabels(name), isManaged: true, prefixes });
    }
  }

  apply(policies: readonly string[]): void {
    const text = policies.join('\n---\n');
    this.set.apply(parsePolicies(text, { file: 'case.yaml' }));
  }

  /** `from > to PROTOCOL PORT`; an end is the name of a pod or node, or an address. */
  verdict(probe: string): 'allow' | 'deny' {
    const [, from, to, protocol, port] = /^(\S+) > (\S+) (\S+)(?: (\d+))?$/.exec(probe) ?? [];
    const isIpv6 = [from!, to!].some((end) => end.includes(':'));
    const sides: [string, string, Direction][] = [
      [from!, to!, 'egress'],
      [to!, from!, 'ingress'],
    ];
    const verdicts = sides.map(([self, peer, direction]) => {
      const table = this.set.table(self)?.[direction];
      if (!table) return 'allow';
      const groups = this.set.groupsOfAddress(addressOf(peer, isIpv6));
      const number = PROTOCOLS[protocol!]!;
      const byTable = decideByTable(table, number, Number(port ?? 0), new Set(groups));
      const facts = this.set.peerAtAddress(addressOf(peer, isIpv6));
      const flow = { direction, peer: facts, protocol: number, port: Number(port ?? 0) };
      const byRules = this.set.decide(this.set.subject(self)!, flow).verdict;
      assert.equal(byTable, byRules, `${probe}: the table and the rules must agree`);
      return byTable;
    });
    return verdicts.includes('deny') ? 'deny' : 'allow';
  }
}

function toPeer(pod: Pod): Peer {
  return {
    labels: workloadLabels(pod.labels, pod.namespace, NAMESPACE_LABELS[pod.namespace]!),
    isManaged: true,
    prefixes: pod.addresses.map(parsePrefix),
    ...(pod.namedPorts && { namedPorts: pod.namedPorts }),
  };
}

function addressOf(end: string, isIpv6: boolean): string {
  const addresses = PODS[end]?.addresses ?? RESERVED[end] ?? [end];
  return addresses.find((address) => address.includes(':') === isIpv6) ?? addresses[0]!;
}
