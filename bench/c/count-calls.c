/* examples/src/count-calls.ts */
#include "bpf.h"

/* Arguments of the tracepoint sys_enter. */
struct system_call { u64 registers, id; };
MAP(watched);
MAP(counts);

PROGRAM(countCall)(struct system_call *ctx) {
  u32 zero = 0;
  u32 *process = map_lookup(&watched, &zero);
  if (!process || (u32)(get_current_pid_tgid() >> 32) != *process) return 0;
  u64 id = ctx->id;
  u64 *counter = map_lookup(&counts, &id);
  if (counter) {
    *counter += 1;
  } else {
    u64 one = 1;
    map_update(&counts, &id, &one, 0);
  }
  return 0;
}
