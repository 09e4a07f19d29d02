/** Addresses of links. */
import { type Address, formatAddress } from '@skep/wire';
import { IFA, IFA_F, NLM_F, RT_SCOPE, RTM } from './abi.ts';
import { LITTLE_ENDIAN, viewOf } from './attributes.ts';
import type { Exchange } from './exchange.ts';
import { familyNumber, readAddress } from './family.ts';
import { type Message, Request, readStructure } from './message.ts';
import { MalformedMessageError } from './netlink-error.ts';

/** Which address, where: what identifies it. */
export interface LinkAddress {
  readonly linkIndex: number;
  readonly address: Address;
  /** Length of the prefix that is on the link; full length makes no route to neighbours. */
  readonly prefixLength: number;
}

/** An address to give to a link. */
export interface NewLinkAddress extends LinkAddress {
  /** IPv6: usable at once, without asking whether someone else has it. */
  readonly isDetectionSkipped?: boolean;
  /** Makes no route to the prefix. */
  readonly isRouteOmitted?: boolean;
  /** How far it is valid: `host` is never told to others. As the kernel finds fit where absent. */
  readonly scope?: 'global' | 'link' | 'host';
}

/** An address as the kernel has it. */
export interface AssignedAddress extends LinkAddress {
  /** The far end's address on point-to-point links. */
  readonly peer: Address | undefined;
  /** IPv4 only. */
  readonly label: string | undefined;
  /** `RT_SCOPE_*`. @source include/uapi/linux/rtnetlink.h */
  readonly scope: number;
  /** IPv6: duplicate detection is not over; the address is not used yet. */
  readonly isTentative: boolean;
  /** IPv6: someone else has it; the address is not used. */
  readonly isDuplicate: boolean;
  /** `IFA_F_*`. @source include/uapi/linux/if_addr.h */
  readonly flags: number;
}

/** Bytes of `struct ifaddrmsg`. */
const HEADER_LENGTH = 8;

/** Reads and changes the addresses of the namespace that the socket was opened in. */
export class Addresses {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** IPv4 first, then IPv6; of one link where given. @throws NetlinkError */
  list(linkIndex?: number): AssignedAddress[] {
    const request = new Request(RTM.GETADDR, 0, addressHeader({ linkIndex: linkIndex ?? 0 }));
    const intent = { operation: 'list addresses', subject: String(linkIndex ?? 'all') };
    const found = this.#exchange.dump(request, intent).map(readLinkAddress);
    return found.filter((entry) => linkIndex === undefined || entry.linkIndex === linkIndex);
  }

  /** @throws NetlinkError `EEXIST` where the link has it. */
  add(address: NewLinkAddress): void {
    this.#change('add address', RTM.NEWADDR, NLM_F.CREATE | NLM_F.EXCL, address);
  }

  /** As {@link add}, but content where the link has it. @throws NetlinkError */
  replace(address: NewLinkAddress): void {
    this.#change('replace address', RTM.NEWADDR, NLM_F.CREATE | NLM_F.REPLACE, address);
  }

  /** @throws NetlinkError `EADDRNOTAVAIL` where the link does not have it. */
  remove(address: LinkAddress): void {
    this.#change('remove address', RTM.DELADDR, 0, address);
  }

  #change(operation: string, type: number, flags: number, address: NewLinkAddress): void {
    const request = new Request(type, flags, addressHeader(address));
    const { bytes } = address.address;
    request.attributes.blob(IFA.LOCAL, bytes).blob(IFA.ADDRESS, bytes);
    const addressFlags =
      (address.isDetectionSkipped ? IFA_F.NODAD : 0) |
      (address.isRouteOmitted ? IFA_F.NOPREFIXROUTE : 0);
    if (addressFlags !== 0) request.attributes.u32(IFA.FLAGS, addressFlags);
    const text = `${formatAddress(address.address)}/${address.prefixLength}`;
    const subject = `${text} on link ${address.linkIndex}`;
    this.#exchange.request(request, { operation, subject });
  }
}

const SCOPES = { global: RT_SCOPE.UNIVERSE, link: RT_SCOPE.LINK, host: RT_SCOPE.HOST } as const;

/** @source struct ifaddrmsg, include/uapi/linux/if_addr.h */
function addressHeader(address: Partial<NewLinkAddress> & { linkIndex: number }): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH);
  header[0] = familyNumber(address.address?.family);
  header[1] = address.prefixLength ?? 0;
  header[3] = SCOPES[address.scope ?? 'global'];
  viewOf(header).setUint32(4, address.linkIndex, LITTLE_ENDIAN);
  return header;
}

/**
 * Reads `RTM_NEWADDR` or `RTM_DELADDR`.
 *
 * @throws MalformedMessageError
 */
export function readLinkAddress(message: Message): AssignedAddress {
  const subject = 'RTM_NEWADDR';
  const { view, attributes } = readStructure(message, HEADER_LENGTH, subject);
  const family = view.getUint8(0);
  const far = readAddress(attributes.blob(IFA.ADDRESS), family, subject);
  const address = readAddress(attributes.blob(IFA.LOCAL), family, subject) ?? far;
  if (!address) throw new MalformedMessageError(subject, 'no address', 'IFA_LOCAL or IFA_ADDRESS');
  // IFA_FLAGS has 32 bits, of which the structure has room for 8.
  const flags = attributes.u32(IFA.FLAGS) ?? view.getUint8(2);
  const isPeer = far !== undefined && formatAddress(far) !== formatAddress(address);
  return {
    linkIndex: view.getUint32(4, LITTLE_ENDIAN),
    address,
    prefixLength: view.getUint8(1),
    peer: isPeer ? far : undefined,
    label: attributes.text(IFA.LABEL),
    scope: view.getUint8(3),
    isTentative: (flags & IFA_F.TENTATIVE) !== 0,
    isDuplicate: (flags & IFA_F.DADFAILED) !== 0,
    flags,
  };
}
