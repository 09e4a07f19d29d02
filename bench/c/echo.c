/* examples/src/echo.ts */
#include "bpf.h"

struct peer { u32 address, port; };
MAP(sockets);

PROGRAM(echo)(struct tc_context *ctx) {
  struct peer peer = { .address = ctx->remote_ip4, .port = big32(ctx->remote_port) };
  return sk_redirect_hash(ctx, &sockets, &peer, 0);
}
