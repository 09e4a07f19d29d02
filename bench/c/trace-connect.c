/* examples/src/trace-connect.ts */
#include "bpf.h"

struct change { u32 from, to, port; };
MAP(watched);
MAP(changes);

/* The format of sock/inet_sock_set_state */
struct state_change { u64 common, socket; int old_state, new_state; u16 source, destination; };

PROGRAM(record)(struct state_change *ctx) {
  u32 zero = 0;
  u32 *process = map_lookup(&watched, &zero);
  if (!process || (u32)(get_current_pid_tgid() >> 32) != *process) return 0;
  struct change change = {
    .from = ctx->old_state, .to = ctx->new_state, .port = ctx->destination,
  };
  map_push(&changes, &change, 0);
  return 0;
}
