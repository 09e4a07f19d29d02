/* examples/src/steer-port.ts */
#include "bpf.h"

MAP(target);

/* struct bpf_sk_lookup */
struct lookup_context {
  u64 socket;
  u32 family, protocol, remote_ip4, remote_ip6[4];
  u16 remote_port, pad;
  u32 local_ip4, local_ip6[4], local_port;
};

PROGRAM(steer)(struct lookup_context *ctx) {
  u32 port = ctx->local_port;
  if (port < 7000 || port > 7009) return 1;
  u32 zero = 0;
  void *socket = map_lookup(&target, &zero);
  if (!socket) return 0;
  long result = sk_assign(ctx, socket, 0);
  sk_release(socket);
  return result < 0 ? 0 : 1;
}
