/**
 * The Ethernet header and what it carries. Each `vlan` in a filter moves the ether type and all
 * behind it by one tag, for everything that follows in the text.
 */
import { EtherType, ETHERNET_LENGTH } from '@skep/wire';
import { all, any, both, compare, type Condition, either, equals, not } from './condition.ts';
import { binary, type Expression, load, number } from './expression.ts';

const TYPE_OFFSET = 12;
const TAG_LENGTH = 4;
/** A type up to here is the length of an LLC frame. @source IEEE 802.3 clause 3.2.6 */
const LENGTH_MAX = 1500;
/** The tag of stacked VLANs before IEEE 802.1ad. */
const OLD_STACKED_VLAN = 0x9100;

const ATALK = 0x809b;
const AARP = 0x80f3;
const IPX = 0x8137;
/** Service access points of LLC. @source IEEE 802.2, IEEE registration */
const SAP = { ip: 0x06, snap: 0xaa, ipx: 0xe0, netbeui: 0xf0, iso: 0xfe } as const;
const UNNUMBERED_INFORMATION = 0x03;
const APPLE = 0x080007;

/** Where the ether type and the payload are, at one place of a filter's text. */
export class Link {
  private tags = 0;

  /** Where the payload begins. */
  get payload(): number {
    return ETHERNET_LENGTH + this.tags * TAG_LENGTH;
  }

  /** `size` bytes of the payload. */
  bytes(size: 1 | 2 | 4, offset: number, index?: Expression): Expression {
    return load(size, this.payload + offset, index);
  }

  /** Whether the frame carries this: an ether type, or up to 1500 an access point of LLC. */
  carries(type: number): Condition {
    if (type === SAP.iso || type === SAP.ip || type === SAP.netbeui) {
      return both(this.isLlc(), equals(this.bytes(2, 0), (type << 8) | type));
    }
    if (type === SAP.ipx) return this.carriesIpx();
    if (type === ATALK) return this.carriesEither(ATALK, APPLE);
    if (type === AARP) return this.carriesEither(AARP, 0);
    if (type > LENGTH_MAX) return equals(this.type(), type);
    return both(this.isLlc(), equals(load(1, this.typeOffset + 2), type));
  }

  /** Whether there is a tag, of this VLAN if one is given; what follows looks behind it. */
  enterVlan(id?: number): Condition {
    const isTagged = any(
      this.carries(EtherType.VLAN),
      this.carries(EtherType.ServiceVLAN),
      this.carries(OLD_STACKED_VLAN),
    );
    const isThis = id === undefined ? isTagged : both(isTagged, this.isVlan(id));
    this.tags++;
    return isThis;
  }

  /** What `4*(ip[0] & 0xf)` is: the length of the IPv4 header. */
  ipv4HeaderLength(): Expression {
    return binary('shl', binary('and', this.bytes(1, 0), number(0xf)), number(2));
  }

  private get typeOffset(): number {
    return TYPE_OFFSET + this.tags * TAG_LENGTH;
  }

  private type(): Expression {
    return load(2, this.typeOffset);
  }

  private isVlan(id: number): Condition {
    return equals(this.bytes(2, 0), id, 0x0fff);
  }

  private isLlc(): Condition {
    return not(compare('gt', this.type(), number(LENGTH_MAX)));
  }

  /** LLC's header for an ether type of an organisation. @source IEEE 802 clause 10 */
  private isSnap(organisation: number, type: number): Condition {
    const low = ((organisation & 0xffff) << 16) | type;
    const head = (SAP.snap << 24) | (SAP.snap << 16) | (UNNUMBERED_INFORMATION << 8);
    const high = head | (organisation >> 16);
    return both(equals(this.bytes(4, 4), low >>> 0), equals(this.bytes(4, 0), high >>> 0));
  }

  private carriesEither(type: number, organisation: number): Condition {
    return either(equals(this.type(), type), both(this.isLlc(), this.isSnap(organisation, type)));
  }

  private carriesIpx(): Condition {
    const isRaw = equals(this.bytes(2, 0), 0xffff);
    const isPoint = equals(this.bytes(1, 0), SAP.ipx);
    return either(
      equals(this.type(), IPX),
      all(this.isLlc(), any(this.isSnap(0, IPX), isPoint, isRaw)),
    );
  }
}
