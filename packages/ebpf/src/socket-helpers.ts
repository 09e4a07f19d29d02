/**
 * Helpers of programs at sockets and control groups. Which kinds may call which stands in
 * `helper-kinds.ts`.
 */
import type { CgroupEgressContext, CgroupIngressContext } from './contexts/cgroup-skb.ts';
import type { ReuseportContext } from './contexts/reuseport.ts';
import type { ProgramContext } from './contexts/shapes.ts';
import type { Connect4Context, Connect6Context } from './contexts/socket-address.ts';
import type { SocketFilterContext } from './contexts/socket-filter.ts';
import type { MessageContext } from './contexts/socket-message.ts';
import type { SocketOperationsContext } from './contexts/socket-operations.ts';
import type { StreamContext } from './contexts/socket-stream.ts';
import type { TcContext } from './contexts/tc.ts';
import { helper } from './helpers.ts';
import type { s32, u32, u64 } from './integers.ts';
import { s32 as s32Field, u64 as u64Field } from './integers.ts';

type BufferContext =
  | TcContext
  | CgroupIngressContext
  | CgroupEgressContext
  | StreamContext
  | SocketFilterContext
  | ReuseportContext;

/** Process id in the upper 32 bits, thread id in the lower. @alias bpf_get_current_pid_tgid */
export const currentProcess = helper<() => u64>(14, 'get_current_pid_tgid', u64Field);
/** Group id in the upper 32 bits, user id in the lower. @alias bpf_get_current_uid_gid */
export const currentUser = helper<() => u64>(15, 'get_current_uid_gid', u64Field);
/** The number of the current process's control group. @alias bpf_get_current_cgroup_id */
export const currentCgroup = helper<() => u64>(80, 'get_current_cgroup_id', u64Field);
/** A number that names the context's socket for as long as the machine runs. */
export const socketCookie = helper<(ctx: ProgramContext) => u64>(46, 'get_socket_cookie', u64Field);
/** A number that names the network namespace of the context's socket. @since Linux 5.7 */
export const namespaceCookie = helper<(ctx: ProgramContext) => u64>(
  122,
  'get_netns_cookie',
  u64Field,
);
/** Copies bytes of the packet to a struct. 0, or -EFAULT where the packet ends before. */
export const loadBytes = helper<(ctx: BufferContext, offset: u32, to: object, length: u32) => s32>(
  26,
  'skb_load_bytes',
  s32Field,
);
/** Copies a struct over bytes of the packet. 0, or -EFAULT. */
export const storeBytes = helper<
  (ctx: TcContext | StreamContext, offset: u32, from: object, length: u32, flags: u64) => s32
>(9, 'skb_store_bytes', s32Field, { movesPacket: true });
/** Sets what the socket is to be asked about: bits of `SocketCallback`. */
export const setSocketCallbacks = helper<(ctx: SocketOperationsContext, flags: u32) => s32>(
  59,
  'sock_ops_cb_flags_set',
  s32Field,
);
/** Binds the socket before it connects: `struct sockaddr_in` or `sockaddr_in6`. */
export const bindSource = helper<
  (ctx: Connect4Context | Connect6Context, address: object, length: u32) => s32
>(64, 'bind', s32Field);
/** The verdict holds for this many bytes, also of sends that follow. */
export const messageApply = helper<(ctx: MessageContext, bytes: u32) => s32>(
  61,
  'msg_apply_bytes',
  s32Field,
);
/** No verdict before there are this many bytes. */
export const messageCork = helper<(ctx: MessageContext, bytes: u32) => s32>(
  62,
  'msg_cork_bytes',
  s32Field,
);
/** Makes bytes `start` to `end` linear, so that `at` reaches them: it counts from `start` then. */
export const messagePull = helper<(ctx: MessageContext, start: u32, end: u32, flags: u64) => s32>(
  63,
  'msg_pull_data',
  s32Field,
  { movesPacket: true },
);
