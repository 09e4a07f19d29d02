/** Links: network devices of one namespace. */
import { Errno } from '@skep/sys';
import { IFF, IFLA, NLM_F, RTM } from './abi.ts';
import type { AttributeWriter } from './attributes.ts';
import type { Exchange } from './exchange.ts';
import { type Link, type LinkReference, linkHeader, readLink } from './link.ts';
import {
  type NewLink,
  type NewNetkit,
  type NewVeth,
  type NewVxlan,
  newLinkHeader,
  writeKind,
  writeNetkit,
  writeNewLink,
  writeVeth,
  writeVxlan,
} from './link-kinds.ts';
import { Request } from './message.ts';
import { NetlinkError } from './netlink-error.ts';

/** What to change in a link; absent properties stay as they are. */
export interface LinkChanges {
  readonly isUp?: boolean;
  /** New name. Kernels before 6.2 refuse this while the link is up. */
  readonly name?: string;
  readonly mtuBytes?: number;
  /** 6 bytes. */
  readonly mac?: Uint8Array;
  /** Free text of up to 255 bytes, such as who owns the link; empty to remove it. */
  readonly alias?: string;
  readonly group?: number;
  /** Index of the bridge or bond it becomes part of; 0 for none. */
  readonly masterIndex?: number;
  /** Open file of the namespace to move to. The link loses its addresses and goes down. */
  readonly namespaceFd?: number;
}

/** Reads and changes the links of the namespace that the socket was opened in. */
export class Links {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** All links, by index. @throws NetlinkError */
  list(): Link[] {
    const request = new Request(RTM.GETLINK, 0, linkHeader(0));
    const messages = this.#exchange.dump(request, { operation: 'list links', subject: 'all' });
    return messages.map(readLink).sort((left, right) => left.index - right.index);
  }

  /** @returns undefined where no such link is. @throws NetlinkError */
  find(link: LinkReference): Link | undefined {
    try {
      return this.get(link);
    } catch (error) {
      if (error instanceof NetlinkError && error.errno === Errno.ENODEV) return undefined;
      throw error;
    }
  }

  /** @throws NetlinkError `ENODEV` where no such link is. */
  get(link: LinkReference): Link {
    const intent = { operation: 'get link', subject: String(link) };
    const [answer] = this.#exchange.request(requestFor(RTM.GETLINK, link, 0), intent);
    if (!answer) throw new NetlinkError(intent, Errno.ENODEV, 'no answer');
    return readLink(answer);
  }

  /**
   * Makes two ends that are connected; this one in the socket's namespace.
   *
   * @returns this end; its `peerIndex` is the index of the other in the other's namespace.
   * @throws NetlinkError `EEXIST` where either name is taken.
   */
  createVeth(veth: NewVeth): Link {
    return this.#create('veth', veth, (data) => writeVeth(data, veth));
  }

  /**
   * Makes a netkit pair; this end is the primary one, which programs of both ends are attached to.
   *
   * @throws NetlinkError `EOPNOTSUPP` where the kernel has no netkit.
   * @since Linux 6.7
   */
  createNetkit(netkit: NewNetkit): Link {
    return this.#create('netkit', netkit, (data) => writeNetkit(data, netkit));
  }

  /** Makes a link that drops what is sent to it: a place for addresses. @throws NetlinkError */
  createDummy(link: NewLink): Link {
    return this.#create('dummy', link);
  }

  /** Makes a tunnel device that carries Ethernet in UDP. @throws NetlinkError @source RFC 7348 */
  createVxlan(vxlan: NewVxlan): Link {
    return this.#create('vxlan', vxlan, (data) => writeVxlan(data, vxlan));
  }

  /**
   * Changes a link. The kernel makes the changes one after the other: where it refuses one, those
   * before it stay.
   *
   * @throws NetlinkError
   */
  set(link: LinkReference, changes: LinkChanges): void {
    const intent = { operation: 'set link', subject: String(link) };
    // IFLA_IFNAME names the link where no index does: it cannot also be its new name.
    const target = changes.name === undefined ? link : this.#indexOf(link);
    const request = requestFor(RTM.SETLINK, target, 0, changes.isUp);
    writeChanges(request.attributes, changes);
    this.#exchange.request(request, intent);
  }

  /** Deletes a link; of a pair, both ends. @throws NetlinkError `ENODEV` where no such link is. */
  delete(link: LinkReference): void {
    const intent = { operation: 'delete link', subject: String(link) };
    this.#exchange.request(requestFor(RTM.DELLINK, link, 0), intent);
  }

  #indexOf(link: LinkReference): number {
    return typeof link === 'number' ? link : this.get(link).index;
  }

  #create(kind: string, link: NewLink, writeData?: (data: AttributeWriter) => void): Link {
    const request = new Request(RTM.NEWLINK, NLM_F.CREATE | NLM_F.EXCL, newLinkHeader(link));
    writeNewLink(request.attributes, link);
    writeKind(request.attributes, kind, writeData);
    this.#exchange.request(request, { operation: `create ${kind}`, subject: link.name });
    return this.get(link.name);
  }
}

/** A request about one link; `isUp` undefined leaves it on or off as it is. */
function requestFor(type: number, link: LinkReference, flags: number, isUp?: boolean): Request {
  const index = typeof link === 'number' ? link : 0;
  const changedFlags = isUp === undefined ? 0 : IFF.UP;
  const request = new Request(type, flags, linkHeader(index, isUp ? IFF.UP : 0, changedFlags));
  if (typeof link === 'string') request.attributes.text(IFLA.IFNAME, link);
  return request;
}

function writeChanges(to: AttributeWriter, changes: LinkChanges): void {
  if (changes.name !== undefined) to.text(IFLA.IFNAME, changes.name);
  if (changes.mtuBytes !== undefined) to.u32(IFLA.MTU, changes.mtuBytes);
  if (changes.mac !== undefined) to.blob(IFLA.ADDRESS, changes.mac);
  if (changes.alias !== undefined) to.text(IFLA.IFALIAS, changes.alias);
  if (changes.group !== undefined) to.u32(IFLA.GROUP, changes.group);
  if (changes.masterIndex !== undefined) to.u32(IFLA.MASTER, changes.masterIndex);
  if (changes.namespaceFd !== undefined) to.u32(IFLA.NET_NS_FD, changes.namespaceFd);
}
