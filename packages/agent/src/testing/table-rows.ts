/** What the pinned tables hold of endpoints and subjects, as nobody but the kernel knows it. */
import { join } from 'node:path';
import { type BpfMap, heldId, openPinnedMap } from '@skep/bpf';
import { mapShapeOf } from '@skep/bytecode';
import {
  addresses,
  currentLayout,
  DECIDED,
  endpoints,
  interfaces,
  layoutName,
  policies,
} from '@skep/datapath';
import type { MapDeclaration } from '@skep/ebpf';

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
  const open = (declaration: MapDeclaration): BpfMap => {
    const path = join(bpffs, 'maps', layoutName(currentLayout()), declaration.name);
    const map = openPinnedMap(path, mapShapeOf(declaration));
    if (!map) throw new Error(`${path}: nothing is pinned there`);
    return map;
  };
  const read = <T>(declaration: MapDeclaration, task: (map: BpfMap) => T): T => {
    const map = open(declaration);
    try {
      return task(map);
    } finally {
      map.close();
    }
  };
  return {
    endpoints: read(endpoints, countUsed),
    interfaces: read(interfaces, countUsed),
    addresses: read(addresses, (map) => map.count()),
    programs: read(policies, heldPrograms),
  };
}

function countUsed(map: BpfMap): number {
  let count = 0;
  for (const [, value] of map.entries()) if (value.some((byte) => byte !== 0)) count++;
  return count;
}

function heldPrograms(map: BpfMap): number[] {
  const slots = Array.from({ length: map.shape.maxEntries }, (_, slot) => slot);
  return slots.flatMap((slot) => (slot === DECIDED ? [] : (heldId(map, slot) ?? [])));
}
