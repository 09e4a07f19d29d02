/** AF_XDP sockets. @source include/uapi/linux/if_xdp.h */

/** Options of `SocketLevel.XDP`, XDP_*. */
export const XdpOption = {
  MMAP_OFFSETS: 1,
  RX_RING: 2,
  TX_RING: 3,
  UMEM_REG: 4,
  UMEM_FILL_RING: 5,
  UMEM_COMPLETION_RING: 6,
  STATISTICS: 7,
} as const;

/** Where each ring is mapped from, XDP_PGOFF_* and XDP_UMEM_PGOFF_*. */
export const XdpRingOffset = {
  RECEIVE: 0,
  SEND: 0x8000_0000,
  FILL: 0x1_0000_0000,
  COMPLETION: 0x1_8000_0000,
} as const;

/** `sxdp_flags`, XDP_*: frames are copied, which every driver can. */
export const XdpBindFlag = { COPY: 1 << 1 } as const;
