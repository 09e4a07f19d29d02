/** The earliest hook, at the driver. */
import { field, MetadataContext, span } from './context.ts';

/**
 * One packet at the driver, before any `sk_buff`.
 *
 * @source struct xdp_md, include/uapi/linux/bpf.h; xdp_is_valid_access, net/core/filter.c
 */
export abstract class XdpContext extends MetadataContext(
  'xdp',
  { data: 0, dataEnd: 4, dataMeta: 8, pointerSize: 4 },
  {
    ingressIfindex: field(12),
    rxQueueIndex: field(16),
    /** Bytes from the packet's start to its end. */
    length: span,
  },
) {}
