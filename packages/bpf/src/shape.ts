/** The shape of a map: in the kernel's numbers, and compared with another. */
import type { MapShape } from '@skep/bytecode';
import { MapFlag, type MapKind } from '@skep/ebpf';
import { BpfMapType } from '@skep/sys';
import { possibleCpuCount } from './cpus.ts';
import { MapShapeError } from './errors.ts';

/** @alias BPF_MAP_TYPE_* */
const types: Readonly<Record<MapKind, number>> = {
  hash: BpfMapType.HASH,
  array: BpfMapType.ARRAY,
  programArray: BpfMapType.PROG_ARRAY,
  perCpuHash: BpfMapType.PERCPU_HASH,
  perCpuArray: BpfMapType.PERCPU_ARRAY,
  lruHash: BpfMapType.LRU_HASH,
  lpmTrie: BpfMapType.LPM_TRIE,
  arrayOfMaps: BpfMapType.ARRAY_OF_MAPS,
  hashOfMaps: BpfMapType.HASH_OF_MAPS,
  ringBuffer: BpfMapType.RINGBUF,
  queue: BpfMapType.QUEUE,
  stack: BpfMapType.STACK,
  bloomFilter: BpfMapType.BLOOM_FILTER,
  deviceMap: BpfMapType.DEVMAP,
  deviceHash: BpfMapType.DEVMAP_HASH,
  cpuMap: BpfMapType.CPUMAP,
  xskMap: BpfMapType.XSKMAP,
  socketMap: BpfMapType.SOCKMAP,
  socketHash: BpfMapType.SOCKHASH,
  socketArray: BpfMapType.REUSEPORT_SOCKARRAY,
  socketStorage: BpfMapType.SK_STORAGE,
  cgroupStorage: BpfMapType.CGROUP_STORAGE,
};

const kinds = new Map(Object.entries(types).map(([kind, type]) => [type, kind as MapKind]));

/** The kernel's number of a kind. */
export function mapType(kind: MapKind): number {
  return types[kind];
}

/** The kind of a kernel's number; `undefined` for one that is not used here. */
export function mapKind(type: number): MapKind | undefined {
  return kinds.get(type);
}

/** One value for each CPU: lookups and updates carry them all. */
export function isPerCpu(kind: MapKind): boolean {
  return kind === 'perCpuHash' || kind === 'perCpuArray';
}

/** Keys are the indexes 0 to maxEntries - 1. */
export function isArray(kind: MapKind): boolean {
  return (
    kind === 'array' || kind === 'perCpuArray' || kind === 'programArray' || kind === 'arrayOfMaps'
  );
}

/**
 * Compares what was found with what is expected; the name, which says nothing of layout, is not.
 *
 * @throws MapShapeError that names the first difference
 */
export function checkShape(subject: string, found: MapShape, expected: MapShape): void {
  const rows = [
    ['kind', found.kind, expected.kind],
    ['key size', found.keySize, expected.keySize],
    ['value size', found.valueSize, expected.valueSize],
    ['max entries', found.maxEntries, keptEntries(expected)],
    ['flags', found.flags, expected.flags],
  ] as const;
  for (const [property, have, want] of rows) {
    if (have !== want) throw new MapShapeError(subject, property, have, want);
  }
}

/** The flags that a map was made with: those of devices get one more from the kernel. */
export function madeFlags(kind: MapKind, flags: number): number {
  const isOfDevices = kind === 'deviceMap' || kind === 'deviceHash';
  return isOfDevices ? flags & ~MapFlag.ReadOnlyProgram : flags;
}

/** An LRU map with a list for each CPU gives all lists the same length. */
function keptEntries({ maxEntries, flags }: MapShape): number {
  if ((flags & MapFlag.NoCommonLru) === 0) return maxEntries;
  const cpus = possibleCpuCount();
  return Math.ceil(maxEntries / cpus) * cpus;
}
