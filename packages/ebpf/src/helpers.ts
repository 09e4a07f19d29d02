/**
 * Helpers: functions of the kernel that a program may call. Numbers and rules are those of
 * include/uapi/linux/bpf.h.
 */
import type { ProgramContext } from './contexts/shapes.ts';
import type { StreamContext } from './contexts/socket-stream.ts';
import type { TcContext } from './contexts/tc.ts';
import type { XdpContext } from './contexts/xdp.ts';
import type { s32, u32, u64 } from './integers.ts';
import { s32 as s32Field, u32 as u32Field, u64 as u64Field } from './integers.ts';
import type { AnyInteger } from './struct.ts';

/** What the compiler knows of a helper. */
export class Helper {
  constructor(
    readonly id: number,
    readonly name: string,
    readonly returns: AnyInteger,
    /** Packet pointers taken before the call are gone after it. */
    readonly movesPacket = false,
  ) {}
}

/** Declares a helper: `F` is how programs call it. */
// biome-ignore lint/suspicious/noExplicitAny: the signature is given by the caller
export function helper<F extends (...parameters: any[]) => unknown>(
  id: number,
  name: string,
  returns: AnyInteger,
  options: { readonly movesPacket?: boolean } = {},
): F {
  return new Helper(id, name, returns, options.movesPacket) as unknown as F;
}

/** Nanoseconds since boot, suspend not counted; costs half an LRU lookup: prefer `jiffies`. */
export const monotonicNanoseconds = helper<() => u64>(5, 'ktime_get_ns', u64Field);
/** As `monotonicNanoseconds`, of the last tick: half the price. @since Linux 5.11 */
export const coarseNanoseconds = helper<() => u64>(160, 'ktime_get_coarse_ns', u64Field);
/** Ticks since boot (250 or 1000 a second); free. @since Linux 5.6 */
export const jiffies = helper<() => u64>(118, 'jiffies64', u64Field);
/** A random number, not for keys. @alias bpf_get_prandom_u32 */
export const randomU32 = helper<() => u32>(7, 'get_prandom_u32', u32Field);
/** The CPU that the program runs on. @alias bpf_get_smp_processor_id */
export const cpuNumber = helper<() => u32>(8, 'get_smp_processor_id', u32Field);
/** Out of (or, with flag 1, into) an interface. Returns the action to return. */
export const redirect = helper<(ifindex: u32, flags: u64) => s32>(23, 'redirect', s32Field);
/** Into the peer of a veth or netkit device, in its namespace. @since Linux 5.10 */
export const redirectPeer = helper<(ifindex: u32, flags: u64) => s32>(
  155,
  'redirect_peer',
  s32Field,
);
/** Makes `length` bytes of the packet directly readable and writable. */
export const pullData = helper<(ctx: TcContext | StreamContext, length: u32) => s32>(
  39,
  'skb_pull_data',
  s32Field,
  {
    movesPacket: true,
  },
);
/** Grows or shrinks the packet's end. */
export const changeTail = helper<(ctx: TcContext | StreamContext, length: u32, flags: u64) => s32>(
  38,
  'skb_change_tail',
  s32Field,
  { movesPacket: true },
);
/** Sets the packet type (PACKET_HOST 0, PACKET_OTHERHOST 3). 0 or a negative errno. */
export const changeType = helper<(ctx: TcContext, type: u32) => s32>(
  32,
  'skb_change_type',
  s32Field,
);
/**
 * Updates a header checksum at `offset` for a field of `size` bytes that changed `from`, `to`
 * (bytes as in memory).
 */
export const l3ChecksumReplace = helper<
  (ctx: TcContext, offset: u32, from: u64, to: u64, size: u64) => s32
>(10, 'l3_csum_replace', s32Field, { movesPacket: true });
/** What `l4ChecksumReplace` takes besides the size of the field. @alias BPF_F_* */
export enum ChecksumFlag {
  /** In place of a size: `to` is the difference of two sums, `from` is 0. */
  Difference = 0,
  /** The field is part of the pseudo-header. @alias BPF_F_PSEUDO_HDR */
  PseudoHeader = 0x10,
  /** A checksum of 0 says that there is none. @alias BPF_F_MARK_MANGLED_0 */
  AbsentIfZero = 0x20,
}
/**
 * Updates a TCP, UDP or ICMP checksum at `offset`; the low 4 bits of `flags` are the field's size.
 */
export const l4ChecksumReplace = helper<
  (ctx: TcContext, offset: u32, from: u64, to: u64, flags: u64) => s32
>(11, 'l4_csum_replace', s32Field, { movesPacket: true });
/**
 * Adds a difference to the sum of the whole packet that a driver has supplied; -ENOTSUPP where it
 * has not.
 */
export const updateChecksum = helper<(ctx: TcContext, difference: u32) => s32>(
  40,
  'csum_update',
  s32Field,
);
/** Moves the packet's start by `delta` bytes; negative makes room for a header. */
export const xdpAdjustHead = helper<(ctx: XdpContext, delta: s32) => s32>(
  44,
  'xdp_adjust_head',
  s32Field,
  {
    movesPacket: true,
  },
);
/** Moves the packet's end by `delta` bytes; negative cuts. @since Linux 5.8 for growing */
export const xdpAdjustTail = helper<(ctx: XdpContext, delta: s32) => s32>(
  65,
  'xdp_adjust_tail',
  s32Field,
  {
    movesPacket: true,
  },
);
/** Any context, where a helper takes each of them. */
export type AnyContext = ProgramContext;

/**
 * A value as it lies in memory, without the byte swap that reading a big-endian field implies; the
 * compiler cancels the two swaps, so that hashing and checksums cost nothing extra.
 */
export function raw16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}

/** As `raw16`, 4 bytes. */
export function raw32(value: number): number {
  const low = ((value & 0xff) << 24) | ((value & 0xff00) << 8);
  return (low | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
