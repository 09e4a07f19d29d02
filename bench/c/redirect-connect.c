/* examples/src/redirect-connect.ts */
#include "bpf.h"

struct place { u32 address; u16 port, padding; };
MAP(backends);
MAP(chosen);

/* struct bpf_sock_addr */
struct address_context { u32 user_family, user_ip4, user_ip6[4], user_port; };

PROGRAM(connect4)(struct address_context *ctx) {
  if (ctx->user_ip4 != big32(0x0a600001) || ctx->user_port != big16(80)) return 1;
  u32 index = get_prandom_u32() & 1;
  struct place *backend = map_lookup(&backends, &index);
  if (!backend) return 0;
  u64 cookie = get_socket_cookie(ctx);
  struct place service = { .address = big32(0x0a600001), .port = big16(80) };
  map_update(&chosen, &cookie, &service, 0);
  ctx->user_ip4 = backend->address;
  ctx->user_port = backend->port;
  return 1;
}

PROGRAM(getpeername4)(struct address_context *ctx) {
  u64 cookie = get_socket_cookie(ctx);
  struct place *asked = map_lookup(&chosen, &cookie);
  if (!asked) return 1;
  ctx->user_ip4 = asked->address;
  ctx->user_port = asked->port;
  return 1;
}
