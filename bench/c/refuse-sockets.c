/* examples/src/refuse-sockets.ts */
#include "bpf.h"

/* Arguments of security_socket_create. */
struct creates_socket { u64 family, type, protocol, is_kernel; };
MAP(guarded);

PROGRAM(create)(struct creates_socket *ctx) {
  u32 zero = 0;
  u32 *process = map_lookup(&guarded, &zero);
  if (!process || (u32)(get_current_pid_tgid() >> 32) != *process) return 0;
  return (u32)ctx->type == 2 ? -1 : 0;
}
