/** Rows about what a node says and hears on the link of its uplink. */
import { DropReason } from '@skep/contract';
import { type DirectionTable, PolicyProtocol } from '@skep/policy';
import { Icmpv6Type, IpProtocol, TcpFlag } from '@skep/wire';
import {
  leaving,
  type PacketCase,
  returning,
  stays,
  tcp,
  type Transport,
  udp,
} from '../packet-case.ts';
import { GATEWAY6, OPEN_POLICY, setHostPolicy, WORLD_GROUP } from '../world.ts';
import { BOTH, ends, passesIn, passesOut, policy } from './host-uplink.ts';
import { end, FAMILIES } from './masquerade-families.ts';

const { SYN } = TcpFlag;
const OPEN = OPEN_POLICY.ingress;
const DENIED = DropReason.PolicyDenied;
const LINK_LOCAL = 'fe80::7';
const ALL_ROUTERS = 'ff02::2';

const six = FAMILIES[1];
const solicitation = (ttl: number): Transport => {
  const payload = new Uint8Array(16);
  return { icmp: { type: Icmpv6Type.NeighborSolicitation }, payload, ttl };
};
const report: Transport = { icmp: { type: Icmpv6Type.MulticastListenerReport2 }, ttl: 1 };
const advertisement: Transport = { icmp: { type: Icmpv6Type.RouterAdvertisement }, ttl: 255 };
const redirect: Transport = { icmp: { type: Icmpv6Type.Redirect }, ttl: 255 };

/** Two tags, neither with a number: the kernel takes both off. */
function doublyTagged(frame: Uint8Array): Uint8Array {
  const tag = [0x81, 0, 0, 0];
  return Uint8Array.from([...frame.subarray(0, 12), ...tag, ...tag, ...frame.subarray(12)]);
}

/** Rows about the node and its link. */
export const hostLinkCases: readonly PacketCase[] = [
  {
    sentence: 'neighbours are found, whatever is closed',
    before: policy(BOTH),
    steps: [
      passesIn(returning(six.world, six.node, solicitation(255))),
      passesOut(leaving(six.node, six.world, solicitation(255))),
      passesIn(returning(LINK_LOCAL, six.node, advertisement)),
      passesOut(leaving(LINK_LOCAL, ALL_ROUTERS, report)),
    ],
  },
  {
    sentence: 'what looks like it, but has passed a router, does not',
    before: policy(BOTH),
    steps: [
      ends(returning(six.world, six.node, solicitation(64)), DENIED),
      ends(returning(six.world, six.node, report), DENIED),
      ends(returning(six.world, six.node, redirect), DENIED),
    ],
    after: [135, 137, 143].map((type) => {
      return `new ICMPv6 ${end(six.world, type * 256)} > ${end(six.node, 1)} denied: policy denied`;
    }),
  },
  {
    sentence: 'DHCP asks from no address, and is answered to all: by rules, or as a safe port',
    before: policy(BOTH),
    steps: [
      stays(leaving('0.0.0.0', '255.255.255.255', udp(68, 67)), DENIED),
      ends(returning('192.0.2.7', '255.255.255.255', udp(67, 68)), DENIED),
      (tables) => {
        const safe = { protocol: PolicyProtocol.Udp, safeGroup: WORLD_GROUP };
        const at = (port: number): DirectionTable => {
          return { isEnforced: true, segments: [{ ...safe, first: port, last: port }] };
        };
        setHostPolicy(tables, { ingress: at(68), egress: at(67) }, 3);
      },
      passesOut(leaving('0.0.0.0', '255.255.255.255', udp(68, 67))),
      passesIn(returning('192.0.2.7', '255.255.255.255', udp(67, 68))),
    ],
    after: [
      'new UDP 0.0.0.0:68 > 255.255.255.255:67 1+0',
      'new UDP 192.0.2.7:67 > 255.255.255.255:68 1+0',
    ],
  },
  {
    sentence: 'a router that has the address of the gateway is the world',
    before: (tables) => {
      const safe = { protocol: PolicyProtocol.Udp, safeGroup: WORLD_GROUP };
      const segments = [{ ...safe, first: 546, last: 546 }];
      setHostPolicy(tables, { ingress: { isEnforced: true, segments }, egress: OPEN }, 2);
    },
    steps: [
      passesIn(returning(GATEWAY6, LINK_LOCAL, udp(547, 546))),
      passesIn(returning(GATEWAY6, six.node, udp(547, 546))),
      ends(returning(GATEWAY6, six.node, udp(547, 545)), DENIED),
    ],
    after: [
      `new UDP ${end(GATEWAY6, 547)} > ${end(six.node, 545)} denied: policy denied`,
      `new UDP ${end(GATEWAY6, 547)} > ${end(six.node, 546)} 1+0`,
    ],
  },
  {
    sentence: 'an IP packet behind two tags that are none',
    before: policy(BOTH),
    steps: [
      ends(
        doublyTagged(returning(six.world, six.node, tcp(40_000, 80, SYN))),
        DropReason.VlanFiltered,
      ),
    ],
  },
  {
    sentence: 'headers that contradict themselves, to the node and to somebody else',
    before: policy(BOTH),
    steps: [
      ends(returning(six.world, six.node, tcp(40_000, 80, SYN | 1)), DropReason.InvalidPacket),
      passesIn(returning(six.world, six.bert, tcp(40_000, 80, SYN | 1))),
      ends(
        returning(six.world, six.node, {
          extensions: Array.from({ length: 7 }, () => ({
            type: IpProtocol.DestinationOptions,
            body: new Uint8Array(7),
          })),
          ...tcp(40_000, 80, SYN),
        }),
        DropReason.InvalidExtensionHeader,
      ),
    ],
  },
];
