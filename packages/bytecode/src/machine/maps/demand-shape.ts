/** Which shapes the kernel makes maps of. */
import { type MapKind, MapFlag } from '@skep/ebpf';
import type { MapShape } from '../../object.ts';
import { Errno } from '../errno.ts';
import { MapError } from './map.ts';

/** Sizes in bytes; `null`: any from 1 on. */
interface Rule {
  readonly keySize: number | null;
  readonly valueSize: number | null;
  /** Besides those that say who may read and write. */
  readonly flags: number;
}

const { NoPreallocation, NoCommonLru, MemoryMappable, InnerMap } = MapFlag;
/** Who may access: the user's side and the programs' side, reading and writing. */
const ACCESS = 0x198;
const array: Rule = { keySize: 4, valueSize: null, flags: MemoryMappable | InnerMap };
const hash: Rule = { keySize: null, valueSize: null, flags: NoPreallocation };
const values: Rule = { keySize: 0, valueSize: null, flags: 0 };
const holder = { valueSize: 4, flags: 0 } as const;

/** @source `*_alloc_check`, kernel/bpf/arraymap.c, hashtab.c, queue_stack_maps.c */
const rules: Partial<Readonly<Record<MapKind, Rule>>> = {
  array,
  perCpuArray: { ...array, flags: 0 },
  hash,
  perCpuHash: hash,
  lruHash: { ...hash, flags: NoCommonLru },
  lpmTrie: { ...hash, flags: NoPreallocation },
  queue: values,
  stack: values,
  bloomFilter: values,
  programArray: { ...holder, keySize: 4 },
  arrayOfMaps: { ...holder, keySize: 4, flags: 0 },
  hashOfMaps: { ...holder, keySize: null, flags: NoPreallocation },
  ringBuffer: { keySize: 0, valueSize: 0, flags: 0 },
};

/** @throws MapError as the kernel: EINVAL, ENOTSUPP for an LRU map without preallocation */
export function demandShape(shape: MapShape): void {
  const { kind, keySize, valueSize, maxEntries, flags } = shape;
  const rule = rules[kind];
  if (!rule) return;
  if (kind === 'lruHash' && (flags & NoPreallocation) !== 0) {
    const detail = 'flag NoPreallocation, expected none: entries are evicted, not made';
    throw new MapError(shape.name, 'create', Errno.ENOTSUPP, detail);
  }
  const wrong =
    wrongSize('key size', keySize, rule.keySize) ??
    wrongSize('value size', valueSize, rule.valueSize) ??
    wrongSize('entries', maxEntries, null) ??
    wrongFlags(flags, rule.flags);
  if (wrong) throw new MapError(shape.name, 'create', Errno.EINVAL, wrong);
}

function wrongSize(name: string, found: number, expected: number | null): string | null {
  if (expected === null ? found > 0 : found === expected) return null;
  return `${name} ${found}, expected ${expected ?? 'at least 1'}`;
}

function wrongFlags(found: number, possible: number): string | null {
  const others = found & ~(possible | ACCESS);
  return others === 0 ? null : `flags 0x${others.toString(16)}, which this kind has not`;
}
