/** The node's model as the views that the API shows. */
import { describeDropReason, TrafficCounter } from '@skep/contract';
import { isEnforced } from '@skep/datapath';
import { codecOf } from '@skep/ebpf';
import { documentKey, type PolicyDocument } from '@skep/policy';
import { formatAddress, formatMac, formatPrefix } from '@skep/wire';
import { GATEWAY } from './devices/endpoint-device.ts';
import { type KnownEndpoint, qualifiedName } from './model/endpoint-facts.ts';
import type { NodeModel } from './model/node-model.ts';
import type { StoredEndpoint } from './state/schema.ts';
import type { EndpointView, IdentityView, IpcacheView, PolicyView } from './views.ts';

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
    isIngressEnforced: table !== undefined && isEnforced(table.ingress),
    isEgressEnforced: table !== undefined && isEnforced(table.egress),
  };
}

/** The identities that endpoints of this node have, by number. */
export function identityViews(model: NodeModel): IdentityView[] {
  return model.identities.entries().map(({ number, text, references }) => ({
    number,
    labels: text.split(';'),
    endpoints: references,
  }));
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
  const sets = new Set(document.ruleSets);
  return model
    .list()
    .filter((each) => model.policy.ruleSetsOf(each.policyLabels).some((set) => sets.has(set)))
    .map(qualifiedName);
}

/** What a dump of the traffic table comes to, over all CPUs. */
export interface TrafficTotals {
  readonly forwardedPackets: number;
  /** By the name of the reason; only what has happened. */
  readonly droppedPackets: Readonly<Record<string, number>>;
}

/** Adds up the CPUs' counters, which lie one behind the other in each value, little-endian. */
export function trafficTotals(
  entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
): TrafficTotals {
  const codec = codecOf(TrafficCounter);
  let forwardedPackets = 0;
  const droppedPackets: Record<string, number> = {};
  for (const { key, value } of entries) {
    let packets = 0;
    for (let at = 0; at + TrafficCounter.size <= value.length; at += TrafficCounter.size) {
      packets += Number(codec.decode(value, at).packets);
    }
    const reason = new DataView(key.buffer, key.byteOffset).getUint32(0, true);
    if (packets === 0) continue;
    if (reason === 0) forwardedPackets = packets;
    else droppedPackets[describeDropReason(reason).name] = packets;
  }
  return { forwardedPackets, droppedPackets };
}
