/** Rows about the way to the world and back. */
import { DropReason } from '@skep/contract';
import { IpProtocol, TcpFlag } from '@skep/wire';
import {
  annaGets,
  arriving,
  leaves,
  leaving,
  type PacketCase,
  returning,
  returns,
  stays,
  tcp,
  udp,
} from '../packet-case.ts';
import {
  ANNA,
  exceptFromMasquerade,
  loseUplinkAddresses,
  MASQUERADE_PORT as PORT,
  NODE_ADDRESS,
  setUpUplink,
} from '../world.ts';
import {
  back,
  claimer,
  echo,
  end,
  FAMILIES,
  type Family,
  out,
  withPorts,
} from './masquerade-families.ts';

const { SYN, ACK, FIN } = TcpFlag;
const LENGTH_MAX = 1400;

function flowRows(family: Family): PacketCase[] {
  // tidy: long: a table of rows
  const { name } = family;
  const { request, reply } = family.echo;
  const claim = claimer(family);
  return [
    {
      sentence: `${name}: TCP leaves as the node's, and answers come back`,
      before: withPorts(1),
      steps: [
        out(family, tcp(40_000, 80, SYN), tcp(PORT, 80, SYN)),
        back(family, tcp(80, PORT, SYN | ACK), tcp(80, 40_000, SYN | ACK)),
        out(family, tcp(40_000, 80, ACK), tcp(PORT, 80, ACK)),
        back(family, tcp(80, PORT, FIN | ACK), tcp(80, 40_000, FIN | ACK)),
        out(family, tcp(40_000, 80, FIN | ACK), tcp(PORT, 80, FIN | ACK)),
      ],
      after: [
        `known ${claim('TCP', 40_000, 80)}, answered, initiator finished, responder finished`,
      ],
    },
    {
      sentence: `${name}: a long TCP segment with an odd length`,
      before: withPorts(1),
      steps: [
        out(
          family,
          { ...tcp(40_000, 80, ACK), payload: new Uint8Array(LENGTH_MAX + 1).fill(0xa5) },
          { ...tcp(PORT, 80, ACK), payload: new Uint8Array(LENGTH_MAX + 1).fill(0xa5) },
        ),
      ],
      after: [`new ${claim('TCP', 40_000, 80)}`],
    },
    {
      sentence: `${name}: UDP; one question and its answer are no connection yet`,
      before: withPorts(1),
      steps: [
        out(family, udp(40_000, 53), udp(PORT, 53)),
        back(family, udp(53, PORT), udp(53, 40_000)),
      ],
      after: [`new ${claim('UDP', 40_000, 53)}, answered`],
    },
    {
      sentence: `${name}: an echo's identifier is its port`,
      before: withPorts(1),
      steps: [
        out(family, echo(request, 3), echo(request, PORT)),
        back(family, echo(reply, PORT), echo(reply, 3)),
        out(family, echo(request, 3), echo(request, PORT)),
      ],
      after: [`known ${claim(family.icmp, 3, 0)}, answered`],
    },
    {
      sentence: `${name}: an echo with identifier 0 gets it back`,
      before: withPorts(1),
      steps: [
        out(family, echo(request, 0), echo(request, PORT)),
        back(family, echo(reply, PORT), echo(reply, 0)),
      ],
      after: [`new ${claim(family.icmp, 0, 0)}, answered`],
    },
    {
      sentence: `${name}: one port serves two destinations`,
      before: withPorts(1),
      steps: [
        out(family, udp(40_000, 53), udp(PORT, 53)),
        out(family, udp(40_000, 54), udp(PORT, 54)),
        back(family, udp(54, PORT), udp(54, 40_000)),
        back(family, udp(53, PORT), udp(53, 40_000)),
      ],
      after: [
        `new ${claim('UDP', 40_000, 53)}, answered`,
        `new ${claim('UDP', 40_000, 54)}, answered`,
      ],
    },
  ];
}

/** What is not masqueraded. */
function otherRows(family: Family): PacketCase[] {
  // tidy: long: a table of rows
  const { name, anna, bert, world, node, other } = family;
  const { request, reply } = family.echo;
  const claim = claimer(family);
  return [
    {
      sentence: `${name}: what nobody has asked for is the node's own`,
      before: withPorts(1),
      steps: [tcp(80, PORT, SYN), udp(53, PORT), echo(request, PORT), echo(reply, PORT)].map(
        (transport) => {
          const frame = returning(world, node, transport);
          return returns(frame, frame);
        },
      ),
    },
    {
      sentence: `${name}: an answer from elsewhere is the node's own`,
      before: withPorts(1),
      steps: [
        out(family, udp(40_000, 53), udp(PORT, 53)),
        returns(returning(other, node, udp(53, PORT)), returning(other, node, udp(53, PORT))),
        returns(returning(world, node, udp(54, PORT)), returning(world, node, udp(54, PORT))),
      ],
      after: [`new ${claim('UDP', 40_000, 53)}`],
    },
    {
      sentence: `${name}: the node's own packets, and those of others, leave as they are`,
      before: withPorts(2),
      steps: [tcp(PORT, 80, SYN), udp(PORT, 53), echo(request, PORT)].flatMap((transport) =>
        [node, other].map((from) => {
          const frame = leaving(from, world, transport);
          return leaves(frame, frame);
        }),
      ),
    },
    {
      sentence: `${name}: where the uplink has no address, nothing leaves with another`,
      before: loseUplinkAddresses,
      steps: [stays(leaving(anna, world, udp(40_000, 53)), DropReason.NoMasqueradeMapping)],
    },
    {
      sentence: `${name}: SCTP is refused, its checksum cannot be kept right`,
      before: withPorts(1),
      steps: [
        stays(
          leaving(anna, world, { protocol: IpProtocol.SCTP, payload: new Uint8Array(16) }),
          DropReason.UnsupportedMasqueradeProtocol,
        ),
      ],
    },
    {
      sentence: `${name}: endpoints are not masqueraded towards each other`,
      before: withPorts(1),
      steps: [leaves(leaving(anna, bert, udp(40_000, 53)), leaving(anna, bert, udp(40_000, 53)))],
    },
    {
      sentence: `${name}: prefixes that are excepted see the endpoint's own address`,
      before: (tables) => {
        setUpUplink(tables, 1);
        exceptFromMasquerade(tables, name === 'IPv4' ? '192.0.2.0/24' : '2001:db8::/64');
      },
      steps: [leaves(leaving(anna, world, udp(40_000, 53)), leaving(anna, world, udp(40_000, 53)))],
    },
    {
      sentence: `${name}: who has come to the endpoint itself is answered by the endpoint itself`,
      before: withPorts(1),
      steps: [
        annaGets(arriving(world, ANNA, tcp(40_000, 80, SYN)), 'pass'),
        leaves(
          leaving(anna, world, tcp(80, 40_000, SYN | ACK)),
          leaving(anna, world, tcp(80, 40_000, SYN | ACK)),
        ),
      ],
      after: [`new TCP ${end(world, 40_000)} > ${end(anna, 80)} 1+0`],
    },
  ];
}

/** An address of the node that is no uplink's. */
const toNode: PacketCase = {
  sentence: 'towards the node itself endpoints have their own addresses',
  before: withPorts(1),
  steps: [
    leaves(
      leaving(ANNA.ipv4, NODE_ADDRESS, udp(40_000, 53)),
      leaving(ANNA.ipv4, NODE_ADDRESS, udp(40_000, 53)),
    ),
  ],
};

/** Rows about masquerade, each over IPv4 and IPv6. */
export const masqueradeCases: readonly PacketCase[] = [
  ...FAMILIES.flatMap((family) => [...flowRows(family), ...otherRows(family)]),
  toNode,
];
