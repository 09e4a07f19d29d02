/* examples/src/share-port.ts */
#include "bpf.h"

MAP(group);

/* struct sk_reuseport_md */
struct reuseport_context { u8 *data, *data_end; };
struct head { u32 ports, lengths; u8 letter; };

PROGRAM(share)(struct reuseport_context *ctx) {
  struct head *head = (void *)ctx->data;
  if ((u8 *)(head + 1) > ctx->data_end) return 0;
  u32 index = head->letter == 97 ? 0 : 1;
  return sk_select_reuseport(ctx, &group, &index, 0) < 0 ? 0 : 1;
}
