/** The node's model as the views that the API shows. */
import {
  describeDropReason,
  type DropRemedy,
  reservedIdentities,
  TrafficCounter,
} from '@skep/contract';
import { isEnforced } from '@skep/datapath';
import { codecOf } from '@skep/ebpf';
import {
  describeSafePort,
  documentKey,
  formatLabel,
  type PolicyDocument,
  readCanonical,
  reservedIdentityLabels,
} from '@skep/policy';
import { formatAddress, formatMac, formatPrefix } from '@skep/wire';
import type { Network } from '@skep/netlink';
import { defaultRoutes } from './devices/default-routes.ts';
import { GATEWAY } from './devices/endpoint-device.ts';
import { HOST, type KnownEndpoint, qualifiedName } from './model/endpoint-facts.ts';
import type { NodeModel } from './model/node-model.ts';
import { placesView } from './node/installation.ts';
import type { Node } from './node/node.ts';
import type { StoredEndpoint } from './state/schema.ts';
import { deviceKindOf } from './state/stored.ts';
import type { EndpointView, IdentityView, IpcacheView, NodeView, PolicyView } from './views.ts';

/** What is stored of an endpoint together with what the model has worked out about it. */
export function endpointView(
  model: NodeModel,
  known: KnownEndpoint,
  stored: StoredEndpoint,
  hostInterface: string,
): EndpointView {
  const table = model.tableOf(known);
  // The subject is a number of the tables, and nobody's business.
  const { subject: _, ...shown } = stored;
  return {
    ...(shown as EndpointView),
    identity: known.identity,
    mac: formatMac(known.mac),
    gateway: { ipv4: formatAddress(GATEWAY.ipv4), ipv6: formatAddress(GATEWAY.ipv6) },
    hostInterface,
    deviceKind: deviceKindOf(stored),
    isIngressEnforced: table !== undefined && isEnforced(table.ingress),
    isEgressEnforced: table !== undefined && isEnforced(table.egress),
  };
}

/** The identities that endpoints of this node have, by number. */
export function identityViews(model: NodeModel): IdentityView[] {
  const given = model.identities.entries().map(({ number, text, references: endpoints }) => {
    return { number, labels: readCanonical(text).map(formatLabel), endpoints };
  });
  const inUse = reservedIdentityViews(model).filter(({ endpoints }) => endpoints > 0);
  const places = placesByIdentity(model);
  return [...inUse, ...given.map((each) => ({ ...each, places: places.get(each.number) ?? 0 }))];
}

/** Every reserved identity, whether something has it or not. */
export function reservedIdentityViews(model: NodeModel): IdentityView[] {
  const places = placesByIdentity(model);
  const endpoints = model.list();
  return reservedIdentities.map(({ identity: number, sentence, isGiven }) => ({
    number,
    labels: reservedIdentityLabels(number).list.map(formatLabel),
    endpoints: endpoints.filter(({ identity }) => identity === number).length,
    places: places.get(number) ?? 0,
    meaning: isGiven ? sentence : `${sentence} Nothing on a single node.`,
  }));
}

function placesByIdentity(model: NodeModel): Map<number, number> {
  const places = new Map<number, number>();
  for (const { identity } of model.ipcache.list()) {
    places.set(identity, (places.get(identity) ?? 0) + 1);
  }
  return places;
}

/** Every address and prefix that the node knows, and who is there. */
export function ipcacheViews(model: NodeModel): IpcacheView[] {
  return model.ipcache.list().map((entry) => ({
    prefix: formatPrefix(entry.prefix),
    identity: entry.identity,
    owner: model.ownerOf(entry.prefix.address),
  }));
}

/** The documents in force, and the endpoints that each is about. */
export function policyViews(model: NodeModel): PolicyView[] {
  return model.policy.documents().map((document) => ({
    key: documentKey(document),
    kind: document.kind,
    namespace: document.namespace,
    name: document.name,
    rules: document.ruleSets.reduce((sum, set) => sum + set.rules.length, 0),
    endpoints: subjectsOf(model, document),
  }));
}

function subjectsOf(model: NodeModel, document: PolicyDocument): string[] {
  const node = model.isAboutNode(document) ? [HOST] : [];
  const sets = new Set(document.ruleSets);
  const endpoints = model
    .list()
    .filter((each) => model.policy.ruleSetsOf(each.policyLabels).some((set) => sets.has(set)));
  return [...node, ...endpoints.map(qualifiedName)];
}

/** The node itself, as policies see it. */
export function nodeView(
  node: Pick<Node, 'model' | 'network' | 'places'>,
  guardedInterfaces: readonly string[],
): NodeView {
  const { model } = node;
  const table = model.policy.table(HOST);
  return {
    labels: model.node.labels.list.map(formatLabel),
    isIngressEnforced: table !== undefined && isEnforced(table.ingress),
    isEgressEnforced: table !== undefined && isEnforced(table.egress),
    guardedInterfaces,
    safePorts: model.policy.safePorts.map(describeSafePort),
    places: placesView(node),
  };
}

/** Names of the interfaces that default routes of the main table leave by. */
export function uplinks(network: Network): string[] {
  const indexes = defaultRoutes(network).map(({ linkIndex }) => linkIndex);
  const links = network.links.list().filter(({ index }) => indexes.includes(index));
  return links.map(({ name }) => name);
}

/** What a dump of the traffic table comes to, over all CPUs. */
export interface TrafficTotals {
  readonly forwardedPackets: number;
  readonly forwardedBytes: number;
  /** By the name of the reason; only what has happened. */
  readonly droppedPackets: Readonly<Record<string, number>>;
  readonly droppedBytes: Readonly<Record<string, number>>;
  /** Who can end the drops of each reason. */
  readonly remedies: Readonly<Record<string, DropRemedy>>;
}

/** Adds up the CPUs' counters, which lie one behind the other in each value, little-endian. */
export function trafficTotals(
  entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
): TrafficTotals {
  const forwarded = { packets: 0, bytes: 0 };
  const droppedPackets: Record<string, number> = {};
  const droppedBytes: Record<string, number> = {};
  const remedies: Record<string, DropRemedy> = {};
  for (const { key, value } of entries) {
    const { packets, bytes } = sumOfCpus(value);
    if (packets === 0) continue;
    const reason = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    if (reason === 0) {
      Object.assign(forwarded, { packets, bytes });
      continue;
    }
    const { name, remedy } = describeDropReason(reason);
    droppedPackets[name] = packets;
    droppedBytes[name] = bytes;
    remedies[name] = remedy;
  }
  return {
    forwardedPackets: forwarded.packets,
    forwardedBytes: forwarded.bytes,
    ...{ droppedPackets, droppedBytes, remedies },
  };
}

/** A row of the table `traffic`. */
export function sumOfCpus(value: Uint8Array): { packets: number; bytes: number } {
  const sum = { packets: 0, bytes: 0 };
  for (let at = 0; at + TrafficCounter.size <= value.length; at += TrafficCounter.size) {
    const { packets, bytes } = codecOf(TrafficCounter).decode(value, at);
    sum.packets += Number(packets);
    sum.bytes += Number(bytes);
  }
  return sum;
}
