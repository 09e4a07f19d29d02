/**
 * Which helpers a program may call, and with which maps.
 *
 * @source check_helper_call and check_map_func_compatibility, kernel/bpf/verifier.c
 */
import { kindsWithHelper } from '@skep/ebpf';
import { helperCount, helperName } from '../listing/helper-names.ts';
import type { MapShape } from '../object.ts';
import type { Complain, Scope } from './scope.ts';
import type { State } from './state.ts';

type Kind = MapShape['kind'];

/** Licenses whose programs may call all helpers. @source include/linux/license.h */
const openLicenses: ReadonlySet<string> = new Set([
  ...['GPL', 'GPL v2', 'GPL and additional rights'],
  ...['Dual BSD/GPL', 'Dual MIT/GPL', 'Dual MPL/GPL'],
]);
/** Those with `gpl_only`: probes of memory, traces, perf events. */
const gplHelpers: ReadonlySet<number> = new Set([4, 6, 25, 45, 112, 113, 114, 115, 177]);

const ring: readonly Kind[] = ['ringBuffer'];
const queues: readonly Kind[] = ['queue', 'stack'];
/** Helpers that take few kinds of maps: the register with the map, and the kinds. */
const mapsOf: ReadonlyMap<number, readonly [register: number, kinds: readonly Kind[]]> = new Map([
  [12, [2, ['programArray']]],
  [51, [1, ['deviceMap', 'deviceHash', 'cpuMap', 'xskMap']]],
  [52, [2, ['socketMap']]],
  [53, [2, ['socketMap']]],
  [60, [2, ['socketMap']]],
  [70, [2, ['socketHash']]],
  [71, [2, ['socketHash']]],
  [72, [2, ['socketHash']]],
  [81, [1, ['cgroupStorage']]],
  [82, [2, ['socketArray', 'socketMap', 'socketHash']]],
  [87, [1, [...queues, 'bloomFilter']]],
  [88, [1, queues]],
  [89, [1, [...queues, 'bloomFilter']]],
  [107, [1, ['socketStorage']]],
  [108, [1, ['socketStorage']]],
  [130, [1, ring]],
  [131, [1, ring]],
  [134, [1, ring]],
]);
const withoutEntries: readonly Kind[] = [
  ...['programArray', 'ringBuffer', 'cpuMap', 'queue', 'stack', 'bloomFilter'],
  ...['socketStorage', 'socketArray', 'cgroupStorage'],
] as Kind[];
const readByPrograms: readonly Kind[] = ['deviceMap', 'deviceHash', 'arrayOfMaps', 'hashOfMaps'];
const [LOOKUP, UPDATE, DELETE, TAIL_CALL] = [1, 2, 3, 12];
/** @source BPF_F_RDONLY_PROG, include/uapi/linux/bpf.h */
const READ_ONLY = 1 << 7;

/** Complains of a call of a helper that the kernel refuses, whatever its other arguments are. */
export function checkHelperUse(
  scope: Scope,
  number: number,
  state: State,
  complain: Complain,
): void {
  const name = helperName(number);
  if (!name) {
    if (number <= 0 || number >= helperCount) complain(`invalid func unknown#${number}`);
    return;
  }
  const kinds = kindsWithHelper(name);
  if (kinds && scope.kinds.length > 0 && !scope.kinds.some((kind) => kinds.has(kind))) {
    complain(`program of this type cannot use helper bpf_${name}#${number}`);
  }
  if (gplHelpers.has(number) && !openLicenses.has(scope.object.license)) {
    complain('cannot call GPL-restricted function from non-GPL compatible program');
  }
  checkMap(number, name, state, complain);
  const [open] = state.references;
  if (number === TAIL_CALL && open !== undefined) {
    complain(`tail_call would lead to reference leak, reserved at instruction ${open}`);
  }
}

function checkMap(number: number, name: string, state: State, complain: Complain): void {
  const rule = mapsOf.get(number);
  const isOfEntries = number === LOOKUP || number === UPDATE || number === DELETE;
  if (!rule && !isOfEntries) return;
  const value = state.registers[rule?.[0] ?? 1]!;
  if (value.kind !== 'map') return;
  const { kind, flags, name: map } = value.map;
  const isChange = number !== LOOKUP;
  const isTaken = rule
    ? rule[1].includes(kind)
    : !withoutEntries.includes(kind) && !(isChange && readByPrograms.includes(kind));
  if (!isTaken) complain(`cannot pass map ${map} (${kind}) into func bpf_${name}#${number}`);
  if (isOfEntries && isChange && (flags & READ_ONLY) !== 0) {
    complain(`write into map forbidden: ${map} is read-only to programs`);
  }
}
