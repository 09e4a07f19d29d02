/* What the C references need of the kernel's headers, so that clang alone compiles them. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
/* One program for each section; a section may not have the name of a symbol. */
#define PROGRAM(name) SEC("program/" #name) int name
#define INLINE static __attribute__((always_inline)) inline
/* A name for the loader to put a descriptor in; the shape is given by the benchmark. */
#define MAP(name) struct { int unused; } name SEC(".maps")
#define big16(x) __builtin_bswap16(x)
#define big32(x) __builtin_bswap32(x)

/* Helpers, by their numbers in include/uapi/linux/bpf.h. */
static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static u64 (*const ktime_get_ns)(void) = (void *)5;
static u32 (*const get_prandom_u32)(void) = (void *)7;
static void (*const tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static u64 (*const get_current_pid_tgid)(void) = (void *)14;
static long (*const skb_load_bytes)(void *ctx, u32 offset, void *to, u32 length) = (void *)26;
static u64 (*const get_socket_cookie)(void *ctx) = (void *)46;
static long (*const redirect_map)(void *map, u64 key, u64 flags) = (void *)51;
static long (*const sock_ops_cb_flags_set)(void *ctx, int flags) = (void *)59;
static long (*const msg_redirect_hash)(void *ctx, void *map, void *key, u64 flags) = (void *)71;
static long (*const sk_redirect_hash)(void *ctx, void *map, void *key, u64 flags) = (void *)72;
static void *(*const get_local_storage)(void *map, u64 flags) = (void *)81;
static long (*const sk_select_reuseport)(void *ctx, void *map, void *key, u64 flags) = (void *)82;
static void (*const sk_release)(void *socket) = (void *)86;
static long (*const map_push)(void *map, const void *value, u64 flags) = (void *)87;
static void *(*const sk_storage_get)(void *map, void *socket, void *value, u64 flags) = (void *)107;
static u64 (*const jiffies64)(void) = (void *)118;
static long (*const sk_assign)(void *ctx, void *socket, u64 flags) = (void *)124;
static long (*const seq_write)(void *sequence, const void *data, u32 length) = (void *)127;

/* struct __sk_buff and struct xdp_md, include/uapi/linux/bpf.h: only what is read here. */
struct tc_context {
  u32 length, other[18];
  u32 data, data_end;
  u32 napi, family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port;
};
struct xdp_context {
  u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index;
};

struct ethernet { u8 destination[6], source[6]; u16 type; };
struct ipv4 {
  u8 version_length, tos;
  u16 length, id, fragment;
  u8 ttl, protocol;
  u16 checksum;
  u32 source, destination;
};
struct ports { u16 source, destination; };
struct udp { u16 source, destination, length, checksum; };

/* The IPv4 header behind an Ethernet header; 0 where the packet is something else. */
INLINE struct ipv4 *ipv4_of(void *data, void *end) {
  struct ethernet *ethernet = data;
  if ((void *)(ethernet + 1) > end || ethernet->type != big16(0x0800)) return 0;
  struct ipv4 *ip = (void *)(ethernet + 1);
  return (void *)(ip + 1) > end ? 0 : ip;
}

#define DATA(ctx) ((void *)(long)(ctx)->data)
#define END(ctx) ((void *)(long)(ctx)->data_end)
