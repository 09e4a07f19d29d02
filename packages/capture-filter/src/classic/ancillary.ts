/**
 * What classic programs read beside the packet: loads at offsets that no packet has. They need a
 * program with a `__sk_buff`: TC, or a socket's. @source SKF_AD_*, include/uapi/linux/filter.h
 */
import type { FunctionBuilder, HelperReference, Value } from '@skep/compiler';
import { contextShapes } from '@skep/ebpf';

/** Where these loads begin. @alias SKF_AD_OFF */
export const ANCILLARY_OFFSET = 0xffff_f000;
/** Offsets from the network header; refused. @alias SKF_NET_OFF */
export const NETWORK_OFFSET = 0xfff0_0000;
/** Offsets from the link header, which is the packet's start here. @alias SKF_LL_OFF */
export const LINK_OFFSET = 0xffe0_0000;
/** `A ^= X`, written as a load. @alias SKF_AD_ALU_XOR_X */
export const XOR_WITH_X = 40;

/** One thing that is read: what tcpdump calls it, and how it is found. */
interface Ancillary {
  readonly name: string;
  /** A field of `contextShapes.TcContext`; `isSwapped` where it lies in network byte order. */
  readonly field?: string;
  readonly isSwapped?: boolean;
  readonly helper?: HelperReference;
}

/** By the distance from `ANCILLARY_OFFSET`. */
const supported: ReadonlyMap<number, Ancillary> = new Map([
  [0, { name: 'proto', field: 'protocol', isSwapped: true }],
  [4, { name: 'type', field: 'packetType' }],
  [8, { name: 'ifidx', field: 'ifindex' }],
  [20, { name: 'mark', field: 'mark' }],
  [24, { name: 'queue', field: 'queueMapping' }],
  [32, { name: 'rxhash', field: 'hash' }],
  [36, { name: 'cpu', helper: { id: 8, name: 'get_smp_processor_id', movesPacket: false } }],
  [44, { name: 'vlan_tci', field: 'vlanTci' }],
  [48, { name: 'vlanp', field: 'vlanPresent' }],
  [56, { name: 'random', helper: { id: 7, name: 'get_prandom_u32', movesPacket: false } }],
  [60, { name: 'vlan_tpid', field: 'vlanProtocol', isSwapped: true }],
]);

const refused: ReadonlyMap<number, string> = new Map([
  [12, 'nla'],
  [16, 'nlan'],
  [28, 'hatype'],
  [52, 'payload'],
]);

/** What tcpdump calls the load; `undefined` for one that is not supported. */
export function ancillaryName(distance: number): string | undefined {
  return supported.get(distance)?.name;
}

/** The name of a load that is known and refused. */
export function refusedAncillary(distance: number): string | undefined {
  return refused.get(distance);
}

/** All names that are supported. */
export function ancillaryNames(): string[] {
  return [...supported.values()].map(({ name }) => name);
}

/** Reads it: 32 bits. */
export function readAncillary(builder: FunctionBuilder, context: Value, distance: number): Value {
  const { field, isSwapped, helper } = supported.get(distance)!;
  if (helper) return builder.resize(builder.call(helper, []), 32);
  const { offset } = contextShapes.TcContext!.fields[field!]!;
  const value = builder.load(context, { offset, size: 4, space: 'context' });
  return isSwapped ? builder.byteSwap(value, 16) : value;
}
