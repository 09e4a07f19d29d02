/* examples/src/read-frames.ts */
#include "bpf.h"

MAP(readers);

PROGRAM(handOver)(struct xdp_context *ctx) {
  return redirect_map(&readers, ctx->rx_queue_index, 2);
}
