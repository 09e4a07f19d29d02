/* examples/src/join-sockets.ts */
#include "bpf.h"

MAP(sockets);

/* struct sk_msg_md */
struct message_context { u8 *data, *data_end; };

PROGRAM(join)(struct message_context *ctx) {
  u8 *data = ctx->data;
  if (data + 1 > ctx->data_end || *data == 33) return 0;
  u32 port = 9002;
  return msg_redirect_hash(ctx, &sockets, &port, 1);
}
