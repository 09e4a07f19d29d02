/**
 * Looking at every socket of a network namespace: a program that is called for each of them in turn
 * while somebody reads, and that writes records for who reads.
 *
 *     export const Common = kernelStruct('sock_common', { skc_num: u16, skc_state: u8 });
 *     export abstract class TcpSockets extends SocketIterator('tcp', Common) {}
 *
 * The last call has no socket.
 */
import { helper } from '../helpers.ts';
import type { s32, u32 } from '../integers.ts';
import { s32 as s32Field, u32 as u32Field, u64 } from '../integers.ts';
import {
  type KernelFields,
  kernelStruct,
  type KernelStruct,
  type KernelView,
} from '../kernel-struct.ts';
import { pointerTo } from '../kernel-struct.ts';
import type { ContextClass, FieldOf } from './context.ts';
import { kernelField, nullableKernelField, targetedContext } from './context.ts';

/** Where records are written for who reads. */
export const Sequence = kernelStruct('seq_file', { count: u64 });
/** Of one reading. @source struct bpf_iter_meta, include/linux/bpf.h */
export const IteratorMeta = kernelStruct('bpf_iter_meta', {
  seq: pointerTo(Sequence),
  /** The same for all calls of one reading. */
  session_id: u64,
  /** How many sockets came before. */
  seq_num: u64,
});

/** What a program sees. @source struct bpf_iter__tcp and bpf_iter__udp, net/ipv4 */
export interface SocketIteratorMembers<F extends KernelFields> {
  readonly meta: FieldOf<KernelView<typeof IteratorMeta>>;
  readonly socket: FieldOf<KernelView<KernelStruct<F>> | null>;
  /** The user that owns the socket. */
  readonly userId: FieldOf<u32>;
  readonly [name: string]: FieldOf<unknown>;
}

/**
 * All sockets of a protocol. Those of TCP are a `sock_common`, which listeners, connections and
 * those that wait for their end have in common; those of UDP are a `udp_sock`.
 *
 * @alias BPF_TRACE_ITER @since Linux 5.9
 */
export function SocketIterator<F extends KernelFields>(
  protocol: 'tcp' | 'udp',
  socket: KernelStruct<F>,
): ContextClass<SocketIteratorMembers<F>> {
  const members: SocketIteratorMembers<F> = {
    meta: kernelField(0, IteratorMeta),
    socket: nullableKernelField(8, socket),
    userId: { offset: 16, type: u32Field, accessSize: 4 },
  };
  return targetedContext('socketIterator', protocol, members);
}

/** Writes a struct for who reads, with its size. 0, or -EOVERFLOW. @alias bpf_seq_write */
export const writeRecord = helper<
  (sequence: KernelView<typeof Sequence>, record: object, length: u32) => s32
>(127, 'seq_write', s32Field);
