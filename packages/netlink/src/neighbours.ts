/** Neighbours: which link-layer address an IP address on a link has. */
import { type Address, formatAddress } from '@skep/wire';
import { NDA, NLM_F, NTF, NUD, RTM } from './abi.ts';
import { LITTLE_ENDIAN, viewOf } from './attributes.ts';
import type { Exchange } from './exchange.ts';
import { familyNumber, familyOf, readAddress } from './family.ts';
import { type Message, Request, readStructure } from './message.ts';
import { MalformedMessageError } from './netlink-error.ts';

/** Which neighbour: what identifies it. */
export interface NeighbourKey {
  readonly linkIndex: number;
  readonly address: Address;
}

/** A neighbour that stays until it is deleted. */
export interface PermanentNeighbour extends NeighbourKey {
  /** 6 bytes. */
  readonly mac: Uint8Array;
}

/** A neighbour as the kernel has it. */
export interface KnownNeighbour extends NeighbourKey {
  /** Absent while the kernel looks for it. */
  readonly mac: Uint8Array | undefined;
  readonly isPermanent: boolean;
  /** `NUD_*`. @source include/uapi/linux/neighbour.h */
  readonly state: number;
}

/** Bytes of `struct ndmsg`. */
const HEADER_LENGTH = 12;

/** Reads and changes the neighbours of the namespace that the socket was opened in. */
export class Neighbours {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** IPv4 and IPv6 neighbours; of one link where given. @throws NetlinkError */
  list(linkIndex?: number): KnownNeighbour[] {
    const request = new Request(RTM.GETNEIGH, 0, neighbourHeader(undefined, 0, 0));
    if (linkIndex !== undefined) request.attributes.u32(NDA.IFINDEX, linkIndex);
    const intent = { operation: 'list neighbours', subject: String(linkIndex ?? 'all') };
    return this.#exchange.dump(request, intent).flatMap((message) => readNeighbour(message) ?? []);
  }

  /** @throws NetlinkError `EEXIST` where the link knows the address, permanently or not. */
  add(neighbour: PermanentNeighbour): void {
    this.#write('add neighbour', NLM_F.CREATE | NLM_F.EXCL, neighbour);
  }

  /** Adds the neighbour, in place of what is known of the address. @throws NetlinkError */
  replace(neighbour: PermanentNeighbour): void {
    this.#write('replace neighbour', NLM_F.CREATE | NLM_F.REPLACE, neighbour);
  }

  /** @throws NetlinkError `ENOENT` where the link does not know the address. */
  delete(key: NeighbourKey): void {
    const header = neighbourHeader(key.address.family, key.linkIndex, 0);
    const request = new Request(RTM.DELNEIGH, 0, header);
    request.attributes.blob(NDA.DST, key.address.bytes);
    this.#exchange.request(request, { operation: 'delete neighbour', subject: subjectOf(key) });
  }

  #write(operation: string, flags: number, neighbour: PermanentNeighbour): void {
    const { address, linkIndex, mac } = neighbour;
    const header = neighbourHeader(address.family, linkIndex, NUD.PERMANENT);
    const request = new Request(RTM.NEWNEIGH, flags, header);
    request.attributes.blob(NDA.DST, address.bytes).blob(NDA.LLADDR, mac);
    this.#exchange.request(request, { operation, subject: subjectOf(neighbour) });
  }
}

function subjectOf(key: NeighbourKey): string {
  return `${formatAddress(key.address)} on link ${key.linkIndex}`;
}

/** @source struct ndmsg, include/uapi/linux/neighbour.h */
function neighbourHeader(family: 4 | 6 | undefined, linkIndex: number, state: number): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH);
  const view = viewOf(header);
  header[0] = familyNumber(family);
  view.setInt32(4, linkIndex, LITTLE_ENDIAN);
  view.setUint16(8, state, LITTLE_ENDIAN);
  return header;
}

/**
 * Reads `RTM_NEWNEIGH` or `RTM_DELNEIGH`.
 *
 * @returns undefined for entries that are not IP neighbours: those of bridges and of proxies.
 * @throws MalformedMessageError
 */
export function readNeighbour(message: Message): KnownNeighbour | undefined {
  const subject = 'RTM_NEWNEIGH';
  const { view, attributes } = readStructure(message, HEADER_LENGTH, subject);
  const isProxy = (view.getUint8(10) & NTF.PROXY) !== 0;
  if (!familyOf(view.getUint8(0)) || isProxy) return undefined;
  const address = readAddress(attributes.blob(NDA.DST), view.getUint8(0), subject);
  if (!address) throw new MalformedMessageError(subject, 'no address', 'NDA_DST');
  const state = view.getUint16(8, LITTLE_ENDIAN);
  const mac = attributes.blob(NDA.LLADDR);
  return {
    linkIndex: view.getInt32(4, LITTLE_ENDIAN),
    address,
    mac: mac?.length === 6 ? mac.slice() : undefined,
    isPermanent: (state & NUD.PERMANENT) !== 0,
    state,
  };
}
