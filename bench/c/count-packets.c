/* examples/src/count-packets.ts */
#include "bpf.h"

MAP(counters);

PROGRAM(countPackets)(struct xdp_context *ctx) {
  struct ipv4 *ip = ipv4_of(DATA(ctx), END(ctx));
  if (!ip) return 2;
  u32 key = ip->protocol;
  u64 *counter = map_lookup(&counters, &key);
  if (counter) *counter += 1;
  return 2;
}
