/** TCP sockets of a control group, at the turns of their lives. */
import { be32, enumOf, u32, u64 } from '../integers.ts';
import { field, PacketContext, pointerOrNull, words, writable } from './context.ts';
import { Socket } from './socket.ts';

/** Why a program runs. @source BPF_SOCK_OPS_*, include/uapi/linux/bpf.h */
export enum SocketOperation {
  Void = 0,
  /** Write the first retransmission time in jiffies to `reply`, or -1. */
  TimeoutInit = 1,
  /** Write the first window to `reply`, in packets, or -1. */
  WindowInit = 2,
  /** Just before this end sends its SYN. */
  Connect = 3,
  /** Established; this end had connected. */
  ActiveEstablished = 4,
  /** Established; this end had listened. */
  PassiveEstablished = 5,
  NeedsEcn = 6,
  BaseRtt = 7,
  /** A retransmission timer ran out; asked for by `SocketCallback.Timeout`. */
  Timeout = 8,
  Retransmit = 9,
  /** The state changes from `argument0` to `argument1`. */
  State = 10,
  Listen = 11,
  Rtt = 12,
  ParseOptions = 13,
  OptionsLength = 14,
  WriteOptions = 15,
}

/**
 * What a socket is to be asked about; set with `setSocketCallbacks`.
 *
 * @source BPF_SOCK_OPS_*_CB_FLAG, include/uapi/linux/bpf.h
 */
export enum SocketCallback {
  Timeout = 1,
  Retransmit = 2,
  State = 4,
  Rtt = 8,
  ParseAllOptions = 16,
  ParseUnknownOptions = 32,
  WriteOptions = 64,
}

/**
 * One turn in the life of a TCP socket. The packet is the segment behind it, where there is one.
 *
 * @source struct bpf_sock_ops, include/uapi/linux/bpf.h; sock_ops_is_valid_access,
 *   net/core/filter.c
 * @since Linux 4.13
 */
export abstract class SocketOperationsContext extends PacketContext(
  'sockOps',
  { data: 192, dataEnd: 200, pointerSize: 8 },
  {
    operation: field(0, enumOf(u32, SocketOperation)),
    argument0: writable(4),
    argument1: field(8),
    argument2: field(12),
    argument3: field(16),
    /** The answer, where the operation asks a question; the same place as `argument0`. */
    reply: writable(4),
    family: field(20),
    remoteIp4: field(24, be32),
    localIp4: field(28, be32),
    remoteIp6: words(32),
    localIp6: words(48),
    remotePort: field(64, be32),
    localPort: field(68),
    /** 0: the TCP numbers below read as zero. */
    isFullSocket: field(72),
    congestionWindow: field(76),
    /** Smoothed, in microseconds times 8. */
    roundTripTime: field(80),
    callbacks: field(84),
    /** A `TcpState`. */
    state: field(88),
    /** Microseconds. */
    roundTripTimeMin: field(92),
    slowStartThreshold: field(96),
    receiveNext: field(100),
    sendNext: field(104),
    sendUnacknowledged: field(108),
    mss: field(112),
    ecnFlags: field(116),
    rateDelivered: field(120),
    rateIntervalMicroseconds: field(124),
    packetsOut: field(128),
    retransmittedOut: field(132),
    totalRetransmitted: field(136),
    segmentsIn: field(140),
    dataSegmentsIn: field(144),
    segmentsOut: field(148),
    dataSegmentsOut: field(152),
    lostOut: field(156),
    selectivelyAcknowledgedOut: field(160),
    transmitHash: writable(164),
    bytesReceived: field(168, u64),
    bytesAcknowledged: field(176, u64),
    socket: pointerOrNull(184, Socket),
    /** Bytes of the segment, header and options included. @since Linux 5.10 */
    segmentLength: field(208),
    /** @since Linux 5.10 */
    segmentFlags: field(212),
  },
) {}
