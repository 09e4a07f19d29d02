/* examples/src/count-established.ts */
#include "bpf.h"

struct end { u64 bytes; u32 role, padding; };
MAP(established);
MAP(roles);
MAP(ends);

/* struct bpf_sock_ops */
struct operations_context {
  u32 operation, arguments[4], other[37];
  u64 bytes_received, bytes_acked;
  void *socket;
};

PROGRAM(watch)(struct operations_context *ctx) {
  void *socket = ctx->socket;
  if (!socket) return 1;
  if (ctx->operation == 10 && ctx->arguments[1] == 7) {
    u32 *known = sk_storage_get(&roles, socket, 0, 0);
    if (known) {
      struct end end = { .bytes = ctx->bytes_received, .role = *known };
      map_push(&ends, &end, 0);
    }
  }
  int is_active = ctx->operation == 4;
  if (!is_active && ctx->operation != 5) return 1;
  u32 role = is_active ? 0 : 1;
  u64 *count = map_lookup(&established, &role);
  if (count) __sync_fetch_and_add(count, 1);
  u32 *own = sk_storage_get(&roles, socket, 0, 1);
  if (own) *own = role;
  sock_ops_cb_flags_set(ctx, 4);
  return 1;
}
