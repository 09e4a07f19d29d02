/* examples/src/watch-function.ts, for x64 */
#include "bpf.h"

MAP(calls);

/* struct pt_regs: the first argument */
struct registers { u64 before[14], di; };

PROGRAM(watchCall)(struct registers *ctx) {
  u64 number = ctx->di;
  if (number != 321) map_push(&calls, &number, 0);
  return 0;
}
