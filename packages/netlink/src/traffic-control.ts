/**
 * BPF programs on a link by way of traffic control: the `clsact` queueing discipline and `bpf`
 * classifiers. For kernels before 6.6; later ones attach by TCX links, which end with their owner
 * and are not replaced by accident. The filters stay when this process ends.
 */
import { Errno } from '@skep/sys';
import { ETH_P_ALL, NLM_F, RTM, TC_H, TCA, TCA_BPF, TCA_BPF_FLAG } from './abi.ts';
import { LITTLE_ENDIAN, viewOf } from './attributes.ts';
import type { Exchange } from './exchange.ts';
import { type Message, Request, readStructure } from './message.ts';
import { NetlinkError } from './netlink-error.ts';

/** Which packets of the link a filter sees: those it receives, or those that are sent by it. */
export type FilterDirection = 'ingress' | 'egress';

/** Which filter: what identifies it. */
export interface FilterKey {
  readonly linkIndex: number;
  readonly direction: FilterDirection;
  /** 1 to 65535; lower numbers come first. */
  readonly priority: number;
  /** 1 or more; several filters of one priority differ by it. */
  readonly handle: number;
}

/** A filter to be put on a link. */
export interface NewFilter extends FilterKey {
  /** Open file of a loaded program of type `sched_cls`. */
  readonly programFd: number;
  /** What `tc filter show` calls the filter. */
  readonly name: string;
}

/** A `bpf` filter as the kernel has it. */
export interface InstalledFilter extends FilterKey {
  readonly name: string | undefined;
  readonly programId: number | undefined;
  /** The program's return value is the verdict, as Skep's programs expect. */
  readonly isDirectAction: boolean;
}

/** Bytes of `struct tcmsg`. */
const HEADER_LENGTH = 20;

/** Reads and changes traffic control in the namespace that the socket was opened in. */
export class TrafficControl {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Makes a link ready for filters; content where it is. @throws NetlinkError */
  addClsact(linkIndex: number): void {
    if (this.hasClsact(linkIndex)) return;
    const flags = NLM_F.CREATE | NLM_F.EXCL;
    const request = new Request(RTM.NEWQDISC, flags, clsactHeader(linkIndex));
    request.attributes.text(TCA.KIND, 'clsact');
    this.#exchange.request(request, { operation: 'add clsact', subject: `link ${linkIndex}` });
  }

  /** Removes all filters of both directions at once. @throws NetlinkError where there is none. */
  deleteClsact(linkIndex: number): void {
    const request = new Request(RTM.DELQDISC, 0, clsactHeader(linkIndex));
    this.#exchange.request(request, { operation: 'delete clsact', subject: `link ${linkIndex}` });
  }

  /** @throws NetlinkError */
  hasClsact(linkIndex: number): boolean {
    // Asked for by itself: a list would be of all links of the namespace. Without ECHO the kernel
    // tells listeners, but not who asked.
    const where = header({ linkIndex, parent: TC_H.CLSACT });
    const request = new Request(RTM.GETQDISC, NLM_F.ECHO, where);
    const intent = { operation: 'get clsact', subject: `link ${linkIndex}` };
    try {
      return this.#exchange.request(request, intent).some(isClsact);
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === Errno.ENOENT) return false;
      throw error;
    }
  }

  /**
   * Adds a program whose return value decides.
   *
   * @throws NetlinkError `EEXIST` where the key is taken.
   */
  addFilter(filter: NewFilter): void {
    this.#writeFilter('add filter', NLM_F.CREATE | NLM_F.EXCL, filter);
  }

  /** Adds a program, or puts it in the other's place without a gap. @throws NetlinkError */
  replaceFilter(filter: NewFilter): void {
    this.#writeFilter('replace filter', NLM_F.CREATE | NLM_F.REPLACE, filter);
  }

  /** @throws NetlinkError `ENOENT` where there is none. */
  deleteFilter(key: FilterKey): void {
    const request = new Request(RTM.DELTFILTER, 0, filterHeader(key));
    request.attributes.text(TCA.KIND, 'bpf');
    this.#exchange.request(request, { operation: 'delete filter', subject: subjectOf(key) });
  }

  /**
   * Removes a program, and clsact with the last filter of any kind; absence is no error.
   *
   * @throws NetlinkError
   */
  removeFilter(key: FilterKey): void {
    const isIt = (each: FilterKey) => each.priority === key.priority && each.handle === key.handle;
    if (!this.listFilters(key.linkIndex, key.direction).some(isIt)) return;
    this.deleteFilter(key);
    const directions = ['ingress', 'egress'] as const;
    const isLast = directions.every((each) => this.#dumpFilters(key.linkIndex, each).length === 0);
    if (isLast) this.deleteClsact(key.linkIndex);
  }

  /** The `bpf` filters of one direction, in the order they run; none where clsact is not there. */
  listFilters(linkIndex: number, direction: FilterDirection): InstalledFilter[] {
    const messages = this.#dumpFilters(linkIndex, direction);
    return messages.flatMap((message) => readFilter(message, direction) ?? []);
  }

  #dumpFilters(linkIndex: number, direction: FilterDirection): Message[] {
    const parent = parentOf(direction);
    const request = new Request(RTM.GETTFILTER, 0, header({ linkIndex, parent }));
    const intent = { operation: 'list filters', subject: `link ${linkIndex} ${direction}` };
    return this.#exchange.dump(request, intent);
  }

  #writeFilter(operation: string, flags: number, filter: NewFilter): void {
    const intent = { operation, subject: `${filter.name} (${subjectOf(filter)})` };
    // The kernel would choose a handle for 0, and the filter could not be found again.
    if (filter.handle === 0)
      throw new NetlinkError(intent, Errno.EINVAL, 'handle 0, expected 1 or more');
    const request = new Request(RTM.NEWTFILTER, flags, filterHeader(filter));
    request.attributes.text(TCA.KIND, 'bpf').nest(TCA.OPTIONS, (options) => {
      options.u32(TCA_BPF.FD, filter.programFd);
      options.text(TCA_BPF.NAME, filter.name);
      options.u32(TCA_BPF.FLAGS, TCA_BPF_FLAG.ACT_DIRECT);
    });
    this.#exchange.request(request, intent);
  }
}

function isClsact(message: Message): boolean {
  const { attributes } = readStructure(message, HEADER_LENGTH, 'RTM_NEWQDISC');
  return attributes.text(TCA.KIND) === 'clsact';
}

function subjectOf(key: FilterKey): string {
  const { linkIndex, direction, priority, handle } = key;
  return `link ${linkIndex} ${direction} priority ${priority} handle ${handle}`;
}

interface HeaderFields {
  readonly linkIndex: number;
  readonly handle?: number;
  readonly parent?: number;
  readonly info?: number;
}

/** @source struct tcmsg, include/uapi/linux/rtnetlink.h */
function header(fields: HeaderFields): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH);
  const view = viewOf(bytes);
  view.setInt32(4, fields.linkIndex, LITTLE_ENDIAN);
  view.setUint32(8, fields.handle ?? 0, LITTLE_ENDIAN);
  view.setUint32(12, fields.parent ?? 0, LITTLE_ENDIAN);
  view.setUint32(16, fields.info ?? 0, LITTLE_ENDIAN);
  return bytes;
}

function clsactHeader(linkIndex: number): Uint8Array {
  return header({ linkIndex, handle: TC_H.MAJ_MASK, parent: TC_H.CLSACT });
}

/** `tcm_info` is the priority above the packet type, which is in network byte order. */
function filterHeader(key: FilterKey): Uint8Array {
  const allPackets = viewOf(Uint8Array.of(ETH_P_ALL >> 8, ETH_P_ALL)).getUint16(0, LITTLE_ENDIAN);
  const info = ((key.priority << 16) | allPackets) >>> 0;
  const parent = parentOf(key.direction);
  return header({ linkIndex: key.linkIndex, handle: key.handle, parent, info });
}

function parentOf(direction: FilterDirection): number {
  const minor = direction === 'ingress' ? TC_H.MIN_INGRESS : TC_H.MIN_EGRESS;
  return ((TC_H.CLSACT & TC_H.MAJ_MASK) | minor) >>> 0;
}

/**
 * Reads `RTM_NEWTFILTER`.
 *
 * @returns undefined for other classifiers, and for the entry of a whole priority, which has no
 * handle.
 * @throws MalformedMessageError
 */
function readFilter(message: Message, direction: FilterDirection): InstalledFilter | undefined {
  const { view, attributes } = readStructure(message, HEADER_LENGTH, 'RTM_NEWTFILTER');
  const handle = view.getUint32(8, LITTLE_ENDIAN);
  const options = attributes.nest(TCA.OPTIONS);
  if (handle === 0 || !options || attributes.text(TCA.KIND) !== 'bpf') return undefined;
  return {
    linkIndex: view.getInt32(4, LITTLE_ENDIAN),
    direction,
    priority: view.getUint32(16, LITTLE_ENDIAN) >>> 16,
    handle,
    name: options.text(TCA_BPF.NAME),
    programId: options.u32(TCA_BPF.ID),
    isDirectAction: ((options.u32(TCA_BPF.FLAGS) ?? 0) & TCA_BPF_FLAG.ACT_DIRECT) !== 0,
  };
}
