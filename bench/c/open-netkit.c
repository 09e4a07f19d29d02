/* examples/src/open-netkit.ts */
#include "bpf.h"

PROGRAM(openPort)(struct tc_context *ctx) {
  void *end = END(ctx);
  struct ipv4 *ip = ipv4_of(DATA(ctx), end);
  if (!ip || ip->protocol != 17) return -1;
  struct udp *udp = DATA(ctx) + 14 + (ip->version_length & 15) * 4;
  if ((void *)(udp + 1) > end) return -1;
  return udp->destination == big16(53) ? 0 : -1;
}
