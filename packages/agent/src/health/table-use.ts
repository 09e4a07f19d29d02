/** How full the tables are, from the kernel where it can be counted there. */
import { ENDPOINTS_MAX, NEWCOMERS_MAX, NewcomerQueue, SUBJECTS_MAX } from '@skep/contract';
import {
  datapathMaps,
  endpoints,
  events,
  masqueradeMaps,
  newcomerQueue,
  newcomers,
  selectorSets,
  subjects,
  tableLimits,
} from '@skep/datapath';
import { codecOf, type MapDeclaration } from '@skep/ebpf';
import type { Node } from '../node/node.ts';
import type { TableUseView } from '../views.ts';

/** Tables whose entries the kernel has, made and given up one by one. */
const COUNTED: ReadonlySet<MapDeclaration['kind']> = new Set(['hash', 'lruHash', 'lpmTrie']);

const EVICTING: ReadonlySet<MapDeclaration> = new Set(
  tableLimits.flatMap(({ map, behaviour }) => (behaviour === 'evicts' ? [map] : [])),
);

/** Every table that can be full. Those with a row for everything, such as counters, cannot. */
export function tableUse({ kernel, model }: Node): TableUseView[] {
  const given = new Map<MapDeclaration, Pick<TableUseView, 'used' | 'capacity'>>([
    [endpoints, { used: model.size, capacity: ENDPOINTS_MAX }],
    [subjects, { used: model.numbers.subjects.size, capacity: SUBJECTS_MAX }],
    [newcomers, { used: countNewcomers(kernel), capacity: NEWCOMERS_MAX }],
    [selectorSets, model.ipcache.selectorSetUse],
    [events, { used: kernel.waitingEventBytes(), capacity: events.maxEntries }],
  ]);
  const maps = kernel.isMasquerading ? [...datapathMaps, ...masqueradeMaps] : datapathMaps;
  return maps.flatMap((map): TableUseView[] => {
    const { name, kind, maxEntries } = map;
    const isEvicting = EVICTING.has(map);
    const use = given.get(map);
    if (use) return [{ name, ...use, isEvicting }];
    if (!COUNTED.has(kind)) return [];
    return [{ name, used: kernel.countEntries(map), capacity: maxEntries, isEvicting }];
  });
}

/** Places that somebody has come to; once all are taken, they stay so. */
export function countNewcomers(kernel: Pick<Node['kernel'], 'lookup'>): number {
  const row = kernel.lookup(newcomerQueue, new Uint8Array(4));
  return row ? Math.min(codecOf(NewcomerQueue).decode(row).next, NEWCOMERS_MAX) : 0;
}
