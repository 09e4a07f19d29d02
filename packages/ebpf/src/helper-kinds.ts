// tidy: table: helpers by kinds of programs
/**
 * Which kinds of programs may call which helpers: one table, by the kernel's name of the helper.
 * What stands in no row, every kind may call, or is not known here. A live test asks the kernel for
 * each cell.
 *
 * @source the `*_func_proto` functions of net/core/filter.c, kernel/trace/bpf_trace.c and
 *   kernel/bpf/cgroup.c, Linux 6.18; a kernel may have fewer, see the helper's own `@since`
 */
import type { ProgramKind } from './contexts/kinds.ts';

/** `sock_addr_func_proto` */
const sockAddr = [
  'bind4',
  'bind6',
  'connect4',
  'connect6',
  'sendmsg4',
  'sendmsg6',
  'recvmsg4',
  'recvmsg6',
  'getpeername4',
  'getpeername6',
  'getsockname4',
  'getsockname6',
] as const;
/** `cg_skb_func_proto` */
const cgroupSkb = ['cgroupIngress', 'cgroupEgress'] as const;
/** `sock_filter_func_proto` */
const cgroupSock = ['socketCreate', 'socketRelease', 'postBind4', 'postBind6'] as const;
/** `sk_skb_func_proto` */
const skSkb = ['streamParser', 'streamVerdict', 'skbVerdict'] as const;
/** `sk_reuseport_func_proto` */
const reuseport = ['reuseport', 'reuseportMigrate'] as const;
/** `raw_tp_prog_func_proto`, `tp_prog_func_proto`, `kprobe_prog_func_proto` */
const tracepoints = ['tracepoint', 'rawTracepoint', 'userFunction'] as const;
/** `tracing_prog_func_proto`, `bpf_lsm_func_proto` */
const functions = ['functionEntry', 'functionExit', 'socketIterator', 'securityHook'] as const;
const lookups = ['xdp', 'tc', ...cgroupSkb, ...sockAddr, ...skSkb] as const;
const packets = ['socketFilter', 'tc', ...cgroupSkb, ...skSkb] as const;
const sockets = [...cgroupSkb, ...cgroupSock, ...sockAddr, 'sockOps'] as const;
/** All but those of `cgroupSock`, which have no typed sockets. */
const typedSockets = [
  ...packets,
  'xdp',
  ...sockAddr,
  'sockOps',
  'message',
  'socketLookup',
] as const;
const network = [...typedSockets, ...cgroupSock] as const;

/** A row: helpers, each with the kernel's name without `bpf_`, and the kinds that have them. */
export const helperKinds: readonly (readonly [helpers: string, kinds: readonly ProgramKind[]])[] = [
  [
    'skb_store_bytes skb_change_tail skb_pull_data skb_change_head skb_adjust_room',
    ['tc', ...skSkb],
  ],
  [
    `l3_csum_replace l4_csum_replace clone_redirect skb_vlan_push skb_vlan_pop skb_get_tunnel_key
     skb_set_tunnel_key get_route_realm skb_get_tunnel_opt skb_set_tunnel_opt skb_change_proto
     skb_change_type skb_under_cgroup get_hash_recalc csum_update set_hash_invalid set_hash
     skb_get_xfrm_state csum_level skb_cgroup_classid redirect_neigh redirect_peer skb_set_tstamp`,
    ['tc'],
  ],
  [
    `redirect csum_diff fib_lookup check_mtu tcp_check_syncookie tcp_gen_syncookie
     tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4
     tcp_raw_check_syncookie_ipv6`,
    ['xdp', 'tc'],
  ],
  [
    `xdp_adjust_head redirect_map xdp_adjust_meta xdp_adjust_tail xdp_load_bytes xdp_store_bytes`,
    ['xdp'],
  ],
  ['xdp_get_buff_len', ['xdp', ...functions]],
  ['skb_load_bytes', [...packets, ...reuseport]],
  ['skb_load_bytes_relative', ['socketFilter', 'tc', ...cgroupSkb, ...reuseport]],
  ['get_socket_uid', packets],
  [
    'get_socket_cookie',
    [...packets, ...cgroupSock, ...sockAddr, 'sockOps', ...reuseport, ...functions],
  ],
  [
    'skb_cgroup_id skb_ancestor_cgroup_id sk_fullsock skb_ecn_set_ce get_listener_sock',
    ['tc', ...cgroupSkb],
  ],
  ['sk_cgroup_id sk_ancestor_cgroup_id', cgroupSkb],
  ['tcp_sock', ['tc', ...cgroupSkb, 'sockOps']],
  ['sk_assign', ['tc', 'socketLookup']],
  ['sk_lookup_tcp sk_lookup_udp skc_lookup_tcp', lookups],
  ['sk_release', [...lookups, 'socketLookup']],
  ['sk_storage_get', ['tc', ...sockets, 'message', ...functions]],
  ['sk_storage_delete', ['tc', ...cgroupSkb, ...sockAddr, 'sockOps', 'message', ...functions]],
  ['get_local_storage', sockets],
  ['get_netns_cookie', ['socketFilter', 'tc', ...sockets, 'message']],
  ['setsockopt getsockopt', [...sockAddr, 'sockOps', 'socketIterator']],
  ['bind', ['connect4', 'connect6']],
  [
    'get_retval set_retval',
    [...cgroupSock, 'bind4', 'bind6', 'connect4', 'connect6', 'sendmsg4', 'sendmsg6'],
  ],
  ['sk_redirect_map sk_redirect_hash', skSkb],
  [
    `msg_redirect_map msg_redirect_hash msg_apply_bytes msg_cork_bytes msg_pull_data msg_push_data
     msg_pop_data`,
    ['message'],
  ],
  [
    `sock_map_update sock_hash_update sock_ops_cb_flags_set load_hdr_opt store_hdr_opt
     reserve_hdr_opt`,
    ['sockOps'],
  ],
  ['sk_select_reuseport', reuseport],
  [
    `skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock
     skc_to_udp6_sock skc_to_unix_sock skc_to_mptcp_sock`,
    [...typedSockets, ...functions],
  ],
  ['seq_write seq_printf seq_printf_btf', ['socketIterator']],
  ['perf_event_output', [...network, ...tracepoints, ...functions]],
  ['ktime_get_coarse_ns', [...network, ...reuseport]],
];

const byHelper = new Map<string, ReadonlySet<ProgramKind>>(
  helperKinds.flatMap(([helpers, kinds]) => {
    const set = new Set(kinds);
    return helpers.split(/\s+/).map((name) => [name, set] as const);
  }),
);

/** The kinds that may call a helper; `undefined` where every kind may, or nothing is known. */
export function kindsWithHelper(name: string): ReadonlySet<ProgramKind> | undefined {
  return byHelper.get(name);
}
