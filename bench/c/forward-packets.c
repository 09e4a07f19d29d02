/* examples/src/forward-packets.ts */
#include "bpf.h"

MAP(ways);

PROGRAM(forward)(struct xdp_context *ctx) {
  return redirect_map(&ways, 0, 1);
}

PROGRAM(receive)(struct xdp_context *ctx) {
  return 2;
}
