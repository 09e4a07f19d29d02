/* examples/src/filter-socket.ts */
#include "bpf.h"

PROGRAM(filter)(struct tc_context *ctx) {
  struct udp udp;
  if (skb_load_bytes(ctx, 0, &udp, sizeof(udp)) < 0) return 0;
  return big16(udp.length) & 1 ? 0 : 8 + 4;
}
