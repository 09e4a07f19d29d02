/* The filter of examples/src/match-packets.ts: tcp[tcpflags] & tcp-syn != 0 or icmp */
#include "bpf.h"

PROGRAM(filter)(struct xdp_context *ctx) {
  void *end = END(ctx);
  struct ipv4 *ip = ipv4_of(DATA(ctx), end);
  if (!ip) return 2;
  if (ip->protocol == 1) return 1;
  if (ip->protocol != 6 || ip->fragment & big16(0x1fff)) return 2;
  u8 *tcp = DATA(ctx) + 14 + (ip->version_length & 15) * 4;
  if (tcp + 14 > (u8 *)end) return 2;
  return tcp[13] & 2 ? 1 : 2;
}
