/**
 * Loads and stores of a program's context.
 *
 * @source xdp_is_valid_access, bpf_skb_is_valid_access, tc_cls_act_is_valid_access,
 *   sk_filter_is_valid_access, cg_skb_is_valid_access, sock_addr_is_valid_access, net/core/filter.c
 */
import { contextShapes } from '@skep/ebpf';
import type { Atomic, Load, Store } from '../asm/instruction.ts';
import type { Complain, Scope } from './scope.ts';

const [FILTER, TC, XDP, CGROUP_SKB, SOCK_ADDR] = [1, 3, 6, 8, 18];
const DEVICE_MAP_ATTACH = 33;
const SKB_BYTES = 192;
/** sizeof(struct xdp_md), struct __sk_buff, struct bpf_sock_addr. */
const contextBytes: Readonly<Record<number, number>> = {
  [XDP]: 24,
  [TC]: SKB_BYTES,
  [FILTER]: SKB_BYTES,
  [CGROUP_SKB]: SKB_BYTES,
  [SOCK_ADDR]: 72,
};
/** Fields of `struct __sk_buff` that no TC program may write: up to protocol, VLAN, interfaces. */
const readOnlyOfTc: ReadonlySet<number> = new Set([0, 4, 16, 20, 24, 36, 40, 68, 76, 80]);
/** Those that are read whole: where the packet is. */
const wholeOfSkb: ReadonlySet<number> = new Set([76, 80, 140]);
/** Those of 8 bytes. */
const wideOfSkb: ReadonlySet<number> = new Set([144, 152, 168, 184]);
const scratchOfSkb = { from: 48, to: 68 } as const;
/** tc_classid, data, data_end, the addresses, data_meta, tstamp, wire_len, hwtstamp. */
const hiddenOfFilter: ReadonlySet<number> = new Set([
  ...[72, 76, 80, 88, 92, 96, 100, 104, 108, 112, 116, 120, 124, 128, 132, 136, 140, 152, 160, 184],
]);
/** tc_classid, data_meta, wire_len. */
const hiddenOfCgroupSkb: ReadonlySet<number> = new Set([72, 140, 160]);
const egressIfindex = 20;

/** Complains of what no kernel lets a program of this kind do. */
export function checkContext(
  scope: Scope,
  { size, offset, kind }: Load | Store | Atomic,
  complain: Complain,
): void {
  if (kind === 'atomic') return complain('BPF_ATOMIC stores into ctx is not allowed');
  const bytes = contextBytes[scope.object.programType];
  const isOutside = bytes !== undefined && (offset < 0 || offset + size > bytes);
  const isAsked = offset % size === 0 && !isOutside && hasField(scope, offset, size);
  const isStored = kind === 'store' && bytes !== undefined;
  if (isAsked && !(isStored && isReadOnly(scope, offset, size))) return;
  const why = isAsked ? ' (read-only)' : '';
  complain(`invalid bpf_context access off=${offset} size=${size}${why}`);
}

function hasField(scope: Scope, offset: number, size: number): boolean {
  const word = offset & ~3;
  switch (scope.object.programType) {
    case XDP:
      return (
        size === 4 && (word !== egressIfindex || scope.object.attachType === DEVICE_MAP_ATTACH)
      );
    case TC:
      return fitsSkb(offset, size);
    case FILTER:
      return fitsSkb(offset, size) && !hiddenOfFilter.has(word);
    case CGROUP_SKB:
      return fitsSkb(offset, size) && !hiddenOfCgroupSkb.has(word);
    case SOCK_ADDR:
      return addressField(scope, offset) !== undefined;
    default:
      return true;
  }
}

function fitsSkb(offset: number, size: number): boolean {
  if (wholeOfSkb.has(offset & ~3)) return size === 4;
  const isScratch = offset >= scratchOfSkb.from && offset + size <= scratchOfSkb.to;
  return size < 8 || isScratch || wideOfSkb.has(offset);
}

/** The field of a system call's address, all of which the table has. */
function addressField({ kinds }: Scope, offset: number): { isWritable?: boolean } | undefined {
  const [kind] = kinds;
  const anything = {};
  if (!kind || kinds.length > 1) return anything;
  const shape = Object.values(contextShapes).find((each) => each.kind === kind);
  if (!shape) return anything;
  return Object.values(shape.fields).find(({ offset: from, type }) => {
    const count = 'count' in type ? Number(type.count) : 1;
    const bytes = type.kind === 'pointer' ? 8 : 4 * count;
    return offset >= from && offset < from + bytes;
  });
}

function isReadOnly(scope: Scope, offset: number, size: number): boolean {
  const { programType } = scope.object;
  if (programType === XDP) return true;
  if (programType === SOCK_ADDR) {
    const field = addressField(scope, offset)!;
    return scope.kinds.length === 1 && field.isWritable !== true;
  }
  const isScratch = offset >= scratchOfSkb.from && offset < scratchOfSkb.to;
  if (programType !== TC || isScratch) return false;
  // A part of a field is read, not written.
  return readOnlyOfTc.has(offset & ~3) || size < 4;
}
