/*
 * The same programs as bench/src/programs/reference.ts, as someone who knows both would write them
 * in C. They are the floor that the compiled TypeScript, and in the end the whole datapath, is
 * measured by.
 */
#include "bpf.h"

struct tuple {
  u32 source, destination;
  u16 source_port, destination_port;
  u8 protocol, padding[3];
};
struct connection { u64 packets, bytes; u32 last_seen, padding; };
struct rule_key { u32 identity; u16 port; u8 protocol, padding; };

MAP(b_conn);
MAP(b_identity);
MAP(b_rule);

/* Ethernet, IPv4 with options, ports: 0 where the packet is something else. */
INLINE struct ports *parse(void *data, void *end, struct ipv4 **out) {
  struct ethernet *ethernet = data;
  if ((void *)(ethernet + 1) > end || ethernet->type != big16(0x0800)) return 0;
  struct ipv4 *ip = (void *)(ethernet + 1);
  if ((void *)(ip + 1) > end || (ip->protocol != 6 && ip->protocol != 17)) return 0;
  struct ports *ports = data + 14 + (ip->version_length & 0x0f) * 4;
  if ((void *)(ports + 1) > end) return 0;
  *out = ip;
  return ports;
}

PROGRAM(xdp_parse)(struct xdp_context *ctx) {
  struct ipv4 *ip;
  struct ports *ports = parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, &ip);
  if (!ports) return 2;
  return ports->destination == big16(7777) ? 1 : 2;
}

PROGRAM(tc_conntrack)(struct tc_context *ctx) {
  struct ipv4 *ip;
  struct ports *ports = parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, &ip);
  if (!ports) return 2;
  struct tuple tuple = {
    .source = ip->source, .destination = ip->destination,
    .source_port = ports->source, .destination_port = ports->destination, .protocol = ip->protocol,
  };
  struct connection *connection = map_lookup(&b_conn, &tuple);
  if (!connection) return 2;
  connection->packets += 1;
  connection->bytes += ctx->length;
  connection->last_seen = jiffies64();
  return 0;
}

PROGRAM(tc_policy)(struct tc_context *ctx) {
  struct ipv4 *ip;
  struct ports *ports = parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, &ip);
  if (!ports) return 2;
  u32 address = ip->source;
  u32 *identity = map_lookup(&b_identity, &address);
  if (!identity) return 2;
  struct rule_key key = {
    .identity = *identity, .port = big16(ports->destination), .protocol = ip->protocol,
  };
  u32 *rule = map_lookup(&b_rule, &key);
  return rule && *rule ? 0 : 2;
}
