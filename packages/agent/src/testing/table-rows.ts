/** What the pinned tables hold of endpoints and subjects, as nobody but the kernel knows it. */
import { join } from 'node:path';
import { type BpfMap, heldId, listPrograms, openPinnedMap, readMapInfo } from '@skep/bpf';
import { mapShapeOf } from '@skep/bytecode';
import { Connection, Newcomer, NodeEntry } from '@skep/contract';
import {
  addresses,
  connections,
  currentLayout,
  DECIDED,
  endpoints,
  interfaces,
  layoutName,
  newcomers,
  nodeState,
  policies,
} from '@skep/datapath';
import { codecOf, type MapDeclaration } from '@skep/ebpf';

/** Rows and programs that something of an endpoint has. */
export interface TableRows {
  readonly endpoints: number;
  /** Interfaces that lead to an endpoint. */
  readonly interfaces: number;
  /** Single addresses of endpoints, of the node, and in rules. */
  readonly addresses: number;
  /** Numbers of the programs that decide for subjects. */
  readonly programs: readonly number[];
}

/** Reads them. @param bpffs the agent's folder of pins */
export function readTableRows(bpffs: string): TableRows {
  return {
    endpoints: readTable(bpffs, endpoints, countUsed),
    interfaces: readTable(bpffs, interfaces, countUsed),
    addresses: readTable(bpffs, addresses, (map) => map.count()),
    programs: readTable(bpffs, policies, heldPrograms),
  };
}

/** Numbers of all programs of the machine that use the agent's tables, attached or not. */
export function programsOfTables(bpffs: string): number[] {
  const { id } = readTable(bpffs, nodeState, (map) => readMapInfo(map.fd));
  return listPrograms().flatMap((program) => (program.mapIds.includes(id) ? [program.id] : []));
}

/**
 * Flows of endpoints whose verdict would be taken as it is remembered, without asking rules:
 * whatever has changed since, a flow has another revision of membership than the node.
 */
export function countCurrentFlows(bpffs: string): number {
  const [state] = readTable(bpffs, nodeState, valuesOf);
  const { membershipRevision } = codecOf(NodeEntry).decode(state!);
  const known = readTable(bpffs, connections, valuesOf);
  const fresh = readTable(bpffs, newcomers, valuesOf).filter((value) => value.some(Boolean));
  const flows = [
    ...known.map((value) => codecOf(Connection).decode(value)),
    ...fresh.map((value) => codecOf(Newcomer).decode(value).connection),
  ];
  return flows.filter((flow) => {
    const isOfEndpoint = flow.egressEndpoint + flow.ingressEndpoint > 0;
    return isOfEndpoint && flow.membershipRevision === membershipRevision;
  }).length;
}

function readTable<T>(bpffs: string, declaration: MapDeclaration, task: (map: BpfMap) => T): T {
  const path = join(bpffs, 'maps', layoutName(currentLayout()), declaration.name);
  const map = openPinnedMap(path, mapShapeOf(declaration));
  if (!map) throw new Error(`${path}: nothing is pinned there`);
  try {
    return task(map);
  } finally {
    map.close();
  }
}

function countUsed(map: BpfMap): number {
  return valuesOf(map).filter((value) => value.some(Boolean)).length;
}

function valuesOf(map: BpfMap): Uint8Array[] {
  return Array.from(map.entries(), ([, value]) => value);
}

function heldPrograms(map: BpfMap): number[] {
  const slots = Array.from({ length: map.shape.maxEntries }, (_, slot) => slot);
  return slots.flatMap((slot) => (slot === DECIDED ? [] : (heldId(map, slot) ?? [])));
}
