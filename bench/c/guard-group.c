/* examples/src/guard-group.ts */
#include "bpf.h"

struct sent { u64 packets, bytes; };
MAP(sent);

/* struct bpf_sock and struct bpf_sock_addr */
struct socket_context { u32 bound, family, type, protocol; };
struct address_context { u32 user_family, user_ip4, user_ip6[4], user_port; };

PROGRAM(create)(struct socket_context *ctx) {
  return ctx->type == 3 ? 0 : 1;
}

PROGRAM(bind)(struct address_context *ctx) {
  return ctx->user_port == big16(25) ? 0 : 1;
}

PROGRAM(count)(struct tc_context *ctx) {
  struct sent *own = get_local_storage(&sent, 0);
  own->packets += 1;
  own->bytes += ctx->length;
  return 1;
}
