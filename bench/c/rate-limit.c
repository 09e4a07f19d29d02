/* examples/src/rate-limit.ts: 20 packets in a second, 10 at once */
#include "bpf.h"

#define COST (1000000000ull / 20)
#define LIMIT (10 * COST)

struct bucket { u64 saved, at; };
MAP(buckets);

PROGRAM(limitRate)(struct xdp_context *ctx) {
  struct ipv4 *ip = ipv4_of(DATA(ctx), END(ctx));
  if (!ip) return 2;
  u64 now = ktime_get_ns();
  u32 source = ip->source;
  struct bucket *bucket = map_lookup(&buckets, &source);
  if (!bucket) {
    struct bucket fresh = { .saved = LIMIT - COST, .at = now };
    map_update(&buckets, &source, &fresh, 0);
    return 2;
  }
  u64 filled = bucket->saved + (now - bucket->at);
  u64 saved = filled > LIMIT ? LIMIT : filled;
  bucket->at = now;
  bucket->saved = saved < COST ? saved : saved - COST;
  return saved < COST ? 1 : 2;
}
