/* examples/src/spread-cpus.ts */
#include "bpf.h"

MAP(workers);
MAP(sent);

PROGRAM(spread)(struct xdp_context *ctx) {
  u32 zero = 0;
  u64 *count = map_lookup(&sent, &zero);
  if (count) __sync_fetch_and_add(count, 1);
  return redirect_map(&workers, 0, 1);
}
