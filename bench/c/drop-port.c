/* examples/src/drop-port.ts */
#include "bpf.h"

MAP(closed_ports);

PROGRAM(dropPort)(struct xdp_context *ctx) {
  void *end = END(ctx);
  struct ipv4 *ip = ipv4_of(DATA(ctx), end);
  if (!ip || ip->protocol != 17) return 2;
  struct udp *udp = DATA(ctx) + 14 + (ip->version_length & 15) * 4;
  if ((void *)(udp + 1) > end) return 2;
  u16 port = udp->destination;
  return map_lookup(&closed_ports, &port) ? 1 : 2;
}
