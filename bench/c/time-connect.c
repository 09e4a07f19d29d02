/* examples/src/time-connect.ts */
#include "bpf.h"

/* struct sock_common, include/net/sock.h */
struct common { u32 other[3]; u16 remote_port; };
/* Arguments of tcp_v4_connect, and its result. */
struct connect_call { struct common *socket; u64 address, length, result; };
struct call { u64 thread, nanoseconds; int result; u16 port; };
MAP(begun);
MAP(calls);

PROGRAM(begin)(struct connect_call *ctx) {
  u64 thread = get_current_pid_tgid();
  u64 now = ktime_get_ns();
  map_update(&begun, &thread, &now, 0);
  return 0;
}

PROGRAM(end)(struct connect_call *ctx) {
  u64 thread = get_current_pid_tgid();
  u64 *started = map_lookup(&begun, &thread);
  if (!started) return 0;
  struct call call;
  __builtin_memset(&call, 0, sizeof call);
  call.thread = thread;
  call.nanoseconds = ktime_get_ns() - *started;
  call.result = ctx->result;
  call.port = big16(ctx->socket->remote_port);
  map_push(&calls, &call, 0);
  return 0;
}
