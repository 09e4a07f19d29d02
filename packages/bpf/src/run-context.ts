/**
 * Contexts of test runs, as the kernel takes and gives them. It refuses with EINVAL any field that
 * it does not let a test set, so only those that it does are here.
 */

/** Fields of an XDP run. */
export interface XdpTestContext {
  /** Bytes in front of the packet: a multiple of 4, at most 32. */
  readonly metadata?: Uint8Array;
  /** An interface of this namespace whose receive queues are up, such as a veth end; 0 is none. */
  readonly ingressIfindex?: number;
  readonly rxQueueIndex?: number;
}

/** Fields of a traffic control run. */
export interface TcTestContext {
  readonly mark?: number;
  readonly priority?: number;
  readonly ingressIfindex?: number;
  /** The interface that the packet is on: one of this namespace; 0 is loopback. */
  readonly ifindex?: number;
  /** Scratch words, at most five. */
  readonly cb?: readonly number[];
  /** Nanoseconds. */
  readonly timestamp?: bigint;
  /** Length on the wire, for a packet that is said to be larger than it is; 0 is its own length. */
  readonly wireLength?: number;
  readonly gsoSegments?: number;
  readonly gsoSize?: number;
}

/** @source struct xdp_md, include/uapi/linux/bpf.h; xdp_convert_md_to_buff, net/bpf/test_run.c */
const xdp = { size: 24, data: 0, dataEnd: 4, dataMeta: 8, ingressIfindex: 12, rxQueueIndex: 16 };

/**
 * `struct xdp_md` in which offsets stand for pointers: metadata from 0 to `data`, then the packet.
 */
export function encodeXdpContext(context: XdpTestContext = {}, packetBytes: number): Uint8Array {
  const { metadata = new Uint8Array(0), ingressIfindex = 0, rxQueueIndex = 0 } = context;
  if (metadata.length % 4 !== 0 || metadata.length > 32) {
    const expected = 'a multiple of 4, at most 32';
    throw new RangeError(`xdp metadata ${metadata.length} bytes: expected ${expected}`);
  }
  const bytes = new Uint8Array(xdp.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(xdp.data, metadata.length, true);
  view.setUint32(xdp.dataEnd, metadata.length + packetBytes, true);
  view.setUint32(xdp.ingressIfindex, ingressIfindex, true);
  view.setUint32(xdp.rxQueueIndex, rxQueueIndex, true);
  return bytes;
}

/** The context after the run, and how many bytes of the data are metadata. */
export function decodeXdpContext(view: DataView): {
  readonly fields: Required<Omit<XdpTestContext, 'metadata'>>;
  readonly metadataBytes: number;
} {
  return {
    fields: {
      ingressIfindex: view.getUint32(xdp.ingressIfindex, true),
      rxQueueIndex: view.getUint32(xdp.rxQueueIndex, true),
    },
    metadataBytes: view.getUint32(xdp.data, true) - view.getUint32(xdp.dataMeta, true),
  };
}

/** @source struct __sk_buff, include/uapi/linux/bpf.h; convert___skb_to_skb, net/bpf/test_run.c */
const skb = {
  size: 180,
  mark: 8,
  priority: 32,
  ingressIfindex: 36,
  ifindex: 40,
  cb: 48,
  timestamp: 152,
  wireLength: 160,
  gsoSegments: 164,
  gsoSize: 176,
};
const CB_WORDS = 5;

/** `struct __sk_buff` with zeros wherever a test may not choose. */
export function encodeTcContext(context: TcTestContext = {}): Uint8Array {
  const bytes = new Uint8Array(skb.size);
  const view = new DataView(bytes.buffer);
  const { cb = [] } = context;
  if (cb.length > CB_WORDS) {
    throw new RangeError(`scratch words ${cb.length}: expected at most ${CB_WORDS}`);
  }
  view.setUint32(skb.mark, context.mark ?? 0, true);
  view.setUint32(skb.priority, context.priority ?? 0, true);
  view.setUint32(skb.ingressIfindex, context.ingressIfindex ?? 0, true);
  view.setUint32(skb.ifindex, context.ifindex ?? 0, true);
  for (const [index, word] of cb.entries()) view.setUint32(skb.cb + 4 * index, word, true);
  view.setBigUint64(skb.timestamp, context.timestamp ?? 0n, true);
  view.setUint32(skb.wireLength, context.wireLength ?? 0, true);
  view.setUint32(skb.gsoSegments, context.gsoSegments ?? 0, true);
  view.setUint32(skb.gsoSize, context.gsoSize ?? 0, true);
  return bytes;
}

/** The context after the run. */
export function decodeTcContext(view: DataView): Required<TcTestContext> {
  return {
    mark: view.getUint32(skb.mark, true),
    priority: view.getUint32(skb.priority, true),
    ingressIfindex: view.getUint32(skb.ingressIfindex, true),
    ifindex: view.getUint32(skb.ifindex, true),
    cb: Array.from({ length: CB_WORDS }, (_, index) => view.getUint32(skb.cb + 4 * index, true)),
    timestamp: view.getBigUint64(skb.timestamp, true),
    wireLength: view.getUint32(skb.wireLength, true),
    gsoSegments: view.getUint32(skb.gsoSegments, true),
    gsoSize: view.getUint32(skb.gsoSize, true),
  };
}
