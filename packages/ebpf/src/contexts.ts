/**
 * Contexts: what the kernel hands to a program. The classes exist for the type checker; the tables
 * below them tell the compiler where each field lies.
 */
import type { s32, u32 } from './integers.ts';
import type { StructOf } from './struct.ts';

declare abstract class PacketContext {
  /**
   * A view of a header in the packet, `offset` bytes from its start; `null` when the packet ends
   * before it.
   */
  at<S extends StructOf<object>>(header: S, offset: u32): InstanceType<S> | null;
  /** A view of the metadata in front of the packet; `null` when there is not as much. */
  metadata<S extends StructOf<object>>(record: S): InstanceType<S> | null;
}

/**
 * One packet at the driver, before any `sk_buff`. @source struct xdp_md, include/uapi/linux/bpf.h
 */
export declare class XdpContext extends PacketContext {
  readonly ingressIfindex: u32;
  readonly rxQueueIndex: u32;
  /** Bytes from the packet's start to its end. */
  readonly length: u32;
}

/** One packet at a traffic control hook. @source struct __sk_buff, include/uapi/linux/bpf.h */
export declare class TcContext extends PacketContext {
  /** Bytes of the whole packet, paged data included. */
  readonly length: u32;
  /** Bytes that `at` can reach without `pullData`; computed from data and dataEnd. */
  readonly linearLength: u32;
  readonly packetType: u32;
  mark: u32;
  readonly queueMapping: u32;
  /** The ether type as it lies in memory (network byte order). */
  readonly protocol: u32;
  readonly vlanPresent: u32;
  readonly vlanTci: u32;
  readonly vlanProtocol: u32;
  priority: u32;
  readonly ingressIfindex: u32;
  readonly ifindex: u32;
  cb0: u32;
  cb1: u32;
  cb2: u32;
  cb3: u32;
  cb4: u32;
  readonly hash: u32;
  readonly gsoSegments: u32;
  readonly gsoSize: u32;
}

/** Any context that a program can be written for. */
export type Context = XdpContext | TcContext;

/** Where one field of 4 bytes lies; those that are not writable the kernel refuses to store to. */
export interface ContextField {
  readonly offset: number;
  readonly isWritable?: boolean;
}

/** Layout of one context, as the kernel shows it to programs. Offsets in bytes. */
export interface ContextShape {
  /** @alias BPF_PROG_TYPE_* */
  readonly programType: number;
  readonly dataOffset: number;
  readonly dataEndOffset: number;
  readonly dataMetaOffset: number;
  /** Fields of 4 bytes. */
  readonly fields: Readonly<Record<string, ContextField>>;
}

/** By the name of the class. `length` of XDP is computed from data and dataEnd: it has no field. */
export const contextShapes: Readonly<Record<string, ContextShape>> = {
  XdpContext: {
    programType: 6,
    dataOffset: 0,
    dataEndOffset: 4,
    dataMetaOffset: 8,
    fields: { ingressIfindex: { offset: 12 }, rxQueueIndex: { offset: 16 } },
  },
  TcContext: {
    programType: 3,
    dataOffset: 76,
    dataEndOffset: 80,
    dataMetaOffset: 140,
    fields: {
      length: { offset: 0 },
      packetType: { offset: 4 },
      mark: { offset: 8, isWritable: true },
      queueMapping: { offset: 12 },
      protocol: { offset: 16 },
      vlanPresent: { offset: 20 },
      vlanTci: { offset: 24 },
      vlanProtocol: { offset: 28 },
      priority: { offset: 32, isWritable: true },
      ingressIfindex: { offset: 36 },
      ifindex: { offset: 40 },
      cb0: { offset: 48, isWritable: true },
      cb1: { offset: 52, isWritable: true },
      cb2: { offset: 56, isWritable: true },
      cb3: { offset: 60, isWritable: true },
      cb4: { offset: 64, isWritable: true },
      hash: { offset: 68 },
      gsoSegments: { offset: 164 },
      gsoSize: { offset: 176 },
    },
  },
};

/** What becomes of a packet at the driver. @source XDP_*, include/uapi/linux/bpf.h */
export enum XdpAction {
  Aborted = 0,
  Drop = 1,
  Pass = 2,
  Transmit = 3,
  Redirect = 4,
}

/** @source TC_ACT_*, include/uapi/linux/pkt_cls.h; TCX_* have the same numbers */
export enum TcAction {
  /** Go on with the next program, then as if none had been there. */
  Next = -1,
  Pass = 0,
  Drop = 2,
  Redirect = 7,
}

/** 0, or a negative error number, as helpers return it. */
export type Errno = s32;
