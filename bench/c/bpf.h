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

static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static void (*const tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static u64 (*const jiffies64)(void) = (void *)118;

/* struct __sk_buff and struct xdp_md, include/uapi/linux/bpf.h: only what is read here. */
struct tc_context {
  u32 length, other[18];
  u32 data, data_end;
};
struct xdp_context {
  u32 data, data_end;
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
