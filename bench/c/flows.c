/*
 * Stands in front of the program that is measured. Each run begins with the same frame again,
 * whatever the run before did to it (MAC addresses, TTL), and, where `step` is 1, with a source
 * port of its own. What this costs alone is measured with `tc_leaf` in the slot, and subtracted.
 */
#include "bpf.h"

#define HEAD_BYTES (sizeof(struct ethernet) + sizeof(struct ipv4))

struct frame { u32 port, step; u8 head[40]; };

MAP(b_frame);
MAP(b_next);

PROGRAM(tc_flows)(struct tc_context *ctx) {
  u32 zero = 0;
  struct frame *frame = map_lookup(&b_frame, &zero);
  if (!frame) return 2;
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ports *ports = data + HEAD_BYTES;
  if ((void *)(ports + 1) > end) return 2;
  __builtin_memcpy(data, frame->head, HEAD_BYTES);
  frame->port += frame->step;
  ports->source = big16((u16)frame->port);
  tail_call(ctx, &b_next, 0);
  return 2;
}

PROGRAM(tc_leaf)(struct tc_context *ctx) {
  return 2;
}
