/** What is wrong with the node right now, found by looking; it ends when it is put right. */
import { atLimit } from '@skep/datapath';
import { documentKey, formatLabel, type Subject } from '@skep/policy';
import { inNetworkNamespace } from '@skep/sys';
import { findDevice, hostInterfaceName } from '../devices/endpoint-device.ts';
import { qualifiedName } from '../model/endpoint-facts.ts';
import { GROUPS_MAX } from '../model/generation.ts';
import type { Node } from '../node/node.ts';
import { isSame, keysApart, nodeSubject } from '../policies/node-labels.ts';
import { attachableOf } from '../state/stored.ts';
import type { TrafficTotals } from '../node-views.ts';
import type { PoolView, TableUseView } from '../views.ts';
import { firstOf } from './first-of.ts';

/** A table that is fuller than this is worth looking at before it is full. */
export const PRESSURE_MAX = 0.9;

const ATTACH_ADVICE = 'it is attached again in seconds: see who takes it off';
const UP_ADVICE = 'it is set up again in seconds: see who sets it down';
const STRAY_ADVICE = 'it is taken off in seconds';

type LabelParts = Pick<Node, 'memory' | 'model' | 'givenLabels'>;

/** What was read of the tables at the same moment. */
export interface TableReadings {
  readonly tables: readonly TableUseView[];
  readonly totals: TrafficTotals;
}

/** Whether traffic is decided as it should be: pins are there, programs attached. */
export function checkDatapath(node: Node): string[] {
  return [
    ...checkPins(node),
    ...checkPrograms(node),
    ...checkUplinks(node),
    ...checkForwarding(node),
  ];
}

/** All that a look at the tables tells. Sentences, `what is wrong (what to do)`. */
export function checkTables({ tables, totals }: TableReadings): string[] {
  const full = tables
    .filter(({ used, capacity, isEvicting }) => !isEvicting && used / capacity > PRESSURE_MAX)
    .map(({ name, used, capacity }) => {
      const { behaviour, advice } = atLimit(name);
      const then = behaviour === 'loses' ? 'what comes then is lost' : 'one more is refused then';
      return `table ${name} has ${used} of at most ${capacity} entries, ${then} (${advice})`;
    });
  const ours = Object.entries(totals.droppedPackets)
    .filter(([reason]) => totals.remedies[reason] === 'skep')
    .map(([reason, count]) => {
      const cause = 'Skep is wrong, or half loaded since somebody removed its pins';
      const advice = `${cause}: report it with \`skep sysdump\``;
      return `${count} packets were dropped as ${reason} (${advice})`;
    });
  return [...full, ...ours];
}

/** Addresses to give; of what cools down one may be had again within a minute. */
export function checkPoolUse(pools: readonly PoolView[]): string[] {
  return pools.flatMap(({ family, ranges, addresses, taken, cooling, isUsedUp }) => {
    const free = Number(addresses) - taken - cooling;
    if (!isUsedUp && free >= (1 - PRESSURE_MAX) * Number(addresses)) return [];
    const found = isUsedUp ? 'no address is free' : `${free} addresses are free`;
    const use = `${taken} of ${addresses} taken and ${cooling} cooling down`;
    const then = isUsedUp ? 'endpoints that need one are refused' : 'then endpoints are refused';
    const advice = 'give the agent one more --pool, or remove endpoints';
    return [`${family} pool ${firstOf(ranges)}: ${found}, ${use}: ${then} (${advice})`];
  });
}

/** Groups of peers are bits, of which the agent after this one has the other half. */
export function checkGroups({ model }: Node): string[] {
  const { groupWidth } = model.policy;
  if (groupWidth / GROUPS_MAX <= PRESSURE_MAX) return [];
  const advice = 'let rules of one port share a policy, or use fewer different peers';
  const found = `rules need ${groupWidth} of at most ${GROUPS_MAX} groups of peers`;
  return [`${found}, a policy that needs more is refused (${advice})`];
}

/** Whether the rules of all policies are in force, about those that they are to be about. */
export function checkRules(node: Node): string[] {
  return [...checkPolicies(node), ...checkRefused(node), ...checkLabels(node)];
}

/** Policies of an older build that this one cannot read, as long as they are in force. */
export function checkPolicies({ model }: Pick<Node, 'model'>): string[] {
  return model.policy.documents().flatMap((document) => {
    if (document.unreadable === undefined) return [];
    const key = documentKey(document);
    const found = `policy ${key}: it cannot be read any more, and closes what it is about`;
    return [`${found}: ${document.unreadable} (apply it anew, or \`skep policy delete ${key}\`)`];
  });
}

/** Rules that cannot be carried out, as long as nothing took their place. */
export function checkRefused({ model }: Pick<Node, 'model'>): string[] {
  return model.refused.map(({ names, cause }) => {
    const found = `nothing passes at ${firstOf(names)}, by rules that cannot be carried out`;
    return `${found}: ${cause.message}`;
  });
}

/** Labels that the agent was started with, as long as others are in force. */
export function checkLabels({ memory, model, givenLabels }: LabelParts): string[] {
  const { labels } = memory.current;
  if (!labels || isSame(labels, givenLabels)) return [];
  const [before, now] = [model.node, nodeSubject(givenLabels)].map(textsOf) as [string[], string[]];
  const found = `policies select this node by its labels of before (${less(before, now)})`;
  const others = `those that the agent was started with (${less(now, before)})`;
  const keys = firstOf(keysApart(memory, labels, givenLabels));
  const what = keys === '' ? 'nothing would change' : `${keys} would be about it, or no more`;
  const advice = '`skep policy relabel-node --confirm-within 60s`, and `skep policy confirm` when';
  const doubt = keys === '' ? '' : ', and could cut you off';
  return [`${found}, and not by ${others}: ${what}${doubt} (${advice} all is well)`];
}

function textsOf({ labels }: Subject): string[] {
  return labels.list.map((each) => formatLabel(each).replace(/^k8s:/, ''));
}

/** What is not among the others. */
function less(texts: readonly string[], others: readonly string[]): string {
  return texts.filter((each) => !others.includes(each)).join(', ') || 'no others';
}

function checkPins({ kernel }: Node): string[] {
  const { missingPins } = kernel;
  if (missingPins.length === 0) return [];
  const advice = 'they are made again in seconds: see who removes them';
  const found = `the pins ${firstOf(missingPins)} are gone`;
  return [`${found}: what they keep ends with this process (${advice})`];
}

function checkPrograms({ memory, network, kernel }: Node): string[] {
  const ready = [...memory.endpoints.values()].filter(({ state }) => state === 'ready');
  return inNetworkNamespace(network.namespace, () =>
    ready.flatMap((stored) => {
      const link = findDevice(network, hostInterfaceName(stored.id));
      const name = qualifiedName(stored);
      if (!link) {
        const advice = 'remove the endpoint and add it again';
        return [`endpoint ${name}: its device ${hostInterfaceName(stored.id)} is gone (${advice})`];
      }
      const endpoint = attachableOf(stored, link.index);
      const at = `of ${link.name}`;
      return [
        ...(link.isUp ? [] : [`endpoint ${name}: ${link.name} is down (${UP_ADVICE})`]),
        ...kernel.missingPrograms(endpoint).map((direction) => {
          return `endpoint ${name}: no program at ${direction} ${at} (${ATTACH_ADVICE})`;
        }),
        ...kernel.strayPrograms(endpoint).map((direction) => {
          return `endpoint ${name}: ${secondAt(direction)} ${at} (${STRAY_ADVICE})`;
        }),
      ];
    }),
  );
}

/** Without its programs an uplink lets everything in, and endpoints out as they are. */
function checkUplinks({ memory, network, kernel }: Node): string[] {
  const uplinks = memory.current.uplinks ?? [];
  return inNetworkNamespace(network.namespace, () =>
    uplinks.flatMap(({ index, name }) => [
      ...kernel.missingUplinkPrograms(index).map((direction) => {
        return `uplink ${name}: no program at its ${direction} (${ATTACH_ADVICE})`;
      }),
      ...kernel.strayUplinkPrograms(index).map((direction) => {
        return `uplink ${name}: ${secondAt(`its ${direction}`)} (${STRAY_ADVICE})`;
      }),
    ]),
  );
}

function secondAt(place: string): string {
  return `a second program, of an earlier agent, at ${place}`;
}

function checkForwarding({ network }: Node): string[] {
  return ([4, 6] as const)
    .filter((family) => network.settings.readLink(family, 'all', 'forwarding') === '0')
    .map((family) => {
      const setting = `net.ipv${family}.conf.all.forwarding`;
      const advice = `sysctl -w ${setting}=1, and see who sets it`;
      return `IPv${family} of endpoints stays on this node: ${setting} is 0 (${advice})`;
    });
}
