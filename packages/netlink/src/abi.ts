/**
 * Numbers of the kernel's netlink interface. `IFLA.MTU` here is `IFLA_MTU` in the header; each
 * table holds what this package uses, not all that the header has. These numbers never change: they
 * are the kernel's user-space interface.
 */

/** Netlink protocol families and socket options. @source include/uapi/linux/netlink.h */
export const NETLINK = {
  ROUTE: 0,
  NETFILTER: 12,
  ADD_MEMBERSHIP: 1,
  CAP_ACK: 10,
  EXT_ACK: 11,
  GET_STRICT_CHK: 12,
} as const;

/** Types of messages that belong to netlink itself. @source include/uapi/linux/netlink.h */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3, OVERRUN: 4 } as const;

/** Flags of `struct nlmsghdr`. @source include/uapi/linux/netlink.h */
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  ECHO: 0x8,
  DUMP_INTR: 0x10,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
} as const;

/** Attributes of an extended acknowledgement. @source include/uapi/linux/netlink.h */
export const NLMSGERR_ATTR = { MSG: 1, MISS_TYPE: 5 } as const;

/** Upper bits of an attribute's type. @source include/uapi/linux/netlink.h */
export const NLA = { F_NESTED: 0x8000, TYPE_MASK: 0x3fff } as const;

/** Types of rtnetlink messages. @source include/uapi/linux/rtnetlink.h */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
  NEWQDISC: 36,
  DELQDISC: 37,
  GETQDISC: 38,
  NEWTFILTER: 44,
  DELTFILTER: 45,
  GETTFILTER: 46,
} as const;

/** Multicast groups of rtnetlink. @source enum rtnetlink_groups, include/uapi/linux/rtnetlink.h */
export const RTNLGRP = {
  LINK: 1,
  NEIGH: 3,
  IPV4_IFADDR: 5,
  IPV4_ROUTE: 7,
  IPV6_IFADDR: 9,
  IPV6_ROUTE: 11,
} as const;

/** Address families. @source include/linux/socket.h */
export const AF = { UNSPEC: 0, INET: 2, INET6: 10 } as const;

/** Link attributes. @source include/uapi/linux/if_link.h */
export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  OPERSTATE: 16,
  LINKINFO: 18,
  IFALIAS: 20,
  STATS64: 23,
  GROUP: 27,
  NET_NS_FD: 28,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  LINK_NETNSID: 37,
  XDP: 43,
} as const;

/** Attributes in `IFLA_LINKINFO`. @source include/uapi/linux/if_link.h */
export const IFLA_INFO = { KIND: 1, DATA: 2 } as const;

/** Attributes in `IFLA_XDP`. @source include/uapi/linux/if_link.h */
export const IFLA_XDP = { PROG_ID: 4 } as const;

/** Attributes of a veth link. @source include/uapi/linux/veth.h */
export const VETH_INFO = { PEER: 1 } as const;

/** Attributes of a netkit link. @source include/uapi/linux/if_link.h */
export const IFLA_NETKIT = { PEER_INFO: 1, POLICY: 3, PEER_POLICY: 4, MODE: 5 } as const;

/** Attributes of a VXLAN link. @source include/uapi/linux/if_link.h */
export const IFLA_VXLAN = {
  ID: 1,
  GROUP: 2,
  LINK: 3,
  LOCAL: 4,
  LEARNING: 7,
  PORT: 15,
  GROUP6: 16,
  LOCAL6: 17,
  COLLECT_METADATA: 25,
} as const;

/** Device flags. @source include/uapi/linux/if.h */
export const IFF = { UP: 0x1, LOWER_UP: 0x10000 } as const;

/** Address attributes. @source include/uapi/linux/if_addr.h */
export const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, FLAGS: 8 } as const;

/** Address flags. @source include/uapi/linux/if_addr.h */
export const IFA_F = { NODAD: 0x2, DADFAILED: 0x8, TENTATIVE: 0x40, NOPREFIXROUTE: 0x200 } as const;

/** Route attributes. @source include/uapi/linux/rtnetlink.h */
export const RTA = {
  DST: 1,
  OIF: 4,
  GATEWAY: 5,
  PRIORITY: 6,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  TABLE: 15,
  VIA: 18,
} as const;

/** Attributes in `RTA_METRICS`. @source include/uapi/linux/rtnetlink.h */
export const RTAX = { MTU: 2 } as const;

/** Route types. @source include/uapi/linux/rtnetlink.h */
export const RTN = {
  UNSPEC: 0,
  UNICAST: 1,
  LOCAL: 2,
  BROADCAST: 3,
  ANYCAST: 4,
  BLACKHOLE: 6,
  UNREACHABLE: 7,
  PROHIBIT: 8,
  THROW: 9,
} as const;

/** Who made a route. @source include/uapi/linux/rtnetlink.h */
export const RTPROT = { UNSPEC: 0, STATIC: 4 } as const;

/** Distance to a destination. @source enum rt_scope_t, include/uapi/linux/rtnetlink.h */
export const RT_SCOPE = { UNIVERSE: 0, LINK: 253, HOST: 254, NOWHERE: 255 } as const;

/** Route tables. @source enum rt_class_t, include/uapi/linux/rtnetlink.h */
export const RT_TABLE = { UNSPEC: 0, MAIN: 254 } as const;

/** Next-hop flags, also in `rtmsg.rtm_flags`. @source include/uapi/linux/rtnetlink.h */
export const RTNH_F = { ONLINK: 4 } as const;

/** Neighbour attributes. @source include/uapi/linux/neighbour.h */
export const NDA = { DST: 1, LLADDR: 2, IFINDEX: 8 } as const;

/** Neighbour states. @source include/uapi/linux/neighbour.h */
export const NUD = { PERMANENT: 0x80 } as const;

/** Neighbour flags. @source include/uapi/linux/neighbour.h */
export const NTF = { PROXY: 0x8 } as const;

/** Attributes of a policy routing rule. @source include/uapi/linux/fib_rules.h */
export const FRA = {
  DST: 1,
  SRC: 2,
  IIFNAME: 3,
  PRIORITY: 6,
  FWMARK: 10,
  TABLE: 15,
  FWMASK: 16,
} as const;

/** Action of a policy routing rule. @source include/uapi/linux/fib_rules.h */
export const FR_ACT = { TO_TBL: 1 } as const;

/** Traffic control attributes. @source include/uapi/linux/rtnetlink.h */
export const TCA = { KIND: 1, OPTIONS: 2 } as const;

/** Parents and handles of queueing disciplines. @source include/uapi/linux/pkt_sched.h */
export const TC_H = {
  CLSACT: 0xfffffff1,
  MAJ_MASK: 0xffff0000,
  MIN_INGRESS: 0xfff2,
  MIN_EGRESS: 0xfff3,
} as const;

/** Attributes of a `bpf` classifier. @source include/uapi/linux/pkt_cls.h */
export const TCA_BPF = { FD: 6, NAME: 7, FLAGS: 8, ID: 11 } as const;

/** Flags in `TCA_BPF_FLAGS`. @source include/uapi/linux/pkt_cls.h */
export const TCA_BPF_FLAG = { ACT_DIRECT: 1 } as const;

/** Ethernet protocol "all" that a filter is asked for. @source include/uapi/linux/if_ether.h */
export const ETH_P_ALL = 0x0003;
