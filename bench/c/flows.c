/*
 * Gives each run of a test another flow: writes a source port of its own and goes on with the program
 * in slot 0. What this costs alone is measured with `leaf` in the slot, and subtracted.
 */
#include "bpf.h"

MAP(b_port);
MAP(b_next);

PROGRAM(tc_flows)(struct tc_context *ctx) {
  u32 zero = 0;
  u32 *count = map_lookup(&b_port, &zero);
  if (!count) return 2;
  *count += 1;
  void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
  struct ethernet *ethernet = data;
  struct ports *ports = data + sizeof *ethernet + sizeof(struct ipv4);
  if ((void *)(ports + 1) > end) return 2;
  u16 port = *count;
  ports->source = big16(port);
  tail_call(ctx, &b_next, 0);
  return 2;
}

PROGRAM(tc_leaf)(struct tc_context *ctx) {
  return 2;
}
