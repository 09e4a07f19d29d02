/* examples/src/compile-only.ts */
#include "bpf.h"

PROGRAM(dropIcmp)(struct xdp_context *ctx) {
  struct ipv4 *ip = ipv4_of(DATA(ctx), END(ctx));
  return ip && ip->protocol == 1 ? 1 : 2;
}
