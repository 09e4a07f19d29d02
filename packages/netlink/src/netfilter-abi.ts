/** Numbers of nftables' part of the kernel's netlink interface, as far as they are used here. */

/** Upper byte of a netfilter message's type. @source include/uapi/linux/netfilter/nfnetlink.h */
export const NFNL_SUBSYS = { NFTABLES: 10 } as const;

/** Types of nftables messages, the lower byte. @source include/uapi/linux/netfilter/nf_tables.h */
export const NFT_MSG = { GETCHAIN: 4, GETRULE: 7 } as const;

/** What netfilter calls families. @source include/uapi/linux/netfilter.h */
export const NFPROTO = { UNSPEC: 0, INET: 1, IPV4: 2, IPV6: 10 } as const;

/** Where a base chain of IP hooks in. @source enum nf_inet_hooks, include/uapi/linux/netfilter.h */
export const NF_INET = { FORWARD: 2 } as const;

/** What becomes of a packet. @source include/uapi/linux/netfilter.h, enum nft_verdicts */
export const NF_VERDICT = { DROP: 0, ACCEPT: 1, JUMP: -3, GOTO: -4 } as const;

/** What `meta` can read. @source enum nft_meta_keys, include/uapi/linux/netfilter/nf_tables.h */
export const NFT_META = { IIFNAME: 6, OIFNAME: 7 } as const;

/** What `cmp` can ask. @source enum nft_cmp_ops, include/uapi/linux/netfilter/nf_tables.h */
export const NFT_CMP = { EQ: 0 } as const;

/**
 * Attributes, by what they are of: chains and their hooks, rules and their expressions, and what
 * an expression is told; `COMPAT` of matches and targets of xtables.
 *
 * @source include/uapi/linux/netfilter/nf_tables.h and nf_tables_compat.h
 */
export const NFTA = {
  CHAIN: { TABLE: 1, NAME: 3, HOOK: 4, POLICY: 5 },
  HOOK: { HOOKNUM: 1 },
  RULE: { TABLE: 1, CHAIN: 2, EXPRESSIONS: 4 },
  EXPR: { NAME: 1, DATA: 2 },
  META: { DREG: 1, KEY: 2 },
  CMP: { SREG: 1, OP: 2, DATA: 3 },
  IMMEDIATE: { DATA: 2 },
  DATA: { VALUE: 1, VERDICT: 2 },
  VERDICT: { CODE: 1, CHAIN: 2 },
  COMPAT: { NAME: 1 },
} as const;
