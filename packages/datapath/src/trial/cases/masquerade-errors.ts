/** Rows about fragments and ICMP errors of masqueraded flows. */
import { DropReason } from '@skep/contract';
import { makePacket, TcpFlag } from '@skep/wire';
import {
  annaSends,
  leaves,
  leaving,
  type PacketCase,
  returning,
  returns,
  sent,
  stays,
  tcp,
  type Transport,
  udp,
} from '../packet-case.ts';
import { ANNA, MASQUERADE_PORT as PORT } from '../world.ts';
import { back, echo, end, FAMILIES, type Family, out, withPorts } from './masquerade-families.ts';

const { SYN } = TcpFlag;

function fragmentRows(family: Family): PacketCase[] {
  const { name, anna, node, world } = family;
  const payload = new Uint8Array(16).fill(3);
  const first = (ports: Transport): Transport => {
    return { ...ports, payload, moreFragments: true, identification: 9 };
  };
  const later: Transport = {
    ...udp(0, 0),
    payload,
    fragmentOffset: 24,
    identification: 9,
  };
  return [
    {
      sentence: `${name}: fragments go the way of the first, out and back`,
      before: withPorts(1),
      steps: [
        out(family, first(udp(40_000, 53)), first(udp(PORT, 53))),
        out(family, later, later),
        back(family, first(udp(53, PORT)), first(udp(53, 40_000))),
        back(family, later, later),
      ],
      after: [
        `fragments of UDP ${end(anna, 40_000)} > ${end(world, 53)}`,
        `fragments of UDP ${end(world, 53)} > ${end(node, PORT)}`,
        `new UDP ${end(anna, 40_000)} as ${end(node, PORT)} > ${end(world, 53)}, answered`,
      ].sort(),
    },
    {
      sentence: `${name}: a later fragment alone stays in, and one that comes is the node's own`,
      before: withPorts(1),
      steps: [
        stays(leaving(anna, world, later), DropReason.FirstFragmentNotFound),
        returns(returning(world, node, later), returning(world, node, later)),
        returns(
          returning(world, node, first(udp(53, PORT))),
          returning(world, node, first(udp(53, PORT))),
        ),
      ],
    },
  ];
}

/** What the node of a family says of a packet, and what of it is quoted. */
function errorRows(family: Family): PacketCase[] {
  // tidy: long: a table of rows
  const { name, anna, node, world, other } = family;
  const isIpv4 = name === 'IPv4';
  const unreachable = { icmp: isIpv4 ? { type: 3, code: 3 } : { type: 1, code: 4 } };
  const tooBig = {
    icmp: isIpv4 ? { type: 3, code: 4, sequence: 1300 } : { type: 2, sequence: 1300 },
  };
  const about = (
    error: Transport,
    source: string,
    destination: string,
    transport: Transport,
    length?: number,
  ): Transport => {
    const quoted = makePacket({ source, destination, ...transport }).slice(0, length);
    return { ...error, payload: quoted };
  };
  const headerLength = isIpv4 ? 20 : 40;
  const { request } = family.echo;
  const asked: [string, Transport, Transport, string][] = [
    ['TCP', tcp(40_000, 80, SYN), tcp(PORT, 80, SYN), `${end(world, 80)}`],
    ['UDP', udp(40_000, 80), udp(PORT, 80), `${end(world, 80)}`],
    [family.icmp, echo(request, 3), echo(request, PORT), `${end(world, 0)}`],
  ];
  const claimOf = (protocol: string, to: string): string => {
    const own = end(anna, protocol === family.icmp ? 3 : 40_000);
    return `new ${protocol} ${own} as ${end(node, PORT)} > ${to}`;
  };
  return [
    ...asked.map(
      ([protocol, inside, outside, to]): PacketCase => ({
        sentence: `${name}: an error about ${protocol} reaches the endpoint as about its own`,
        before: withPorts(1),
        steps: [
          out(family, inside, outside),
          ...[undefined, headerLength + 8].map((length) =>
            returns(
              returning(other, node, about(tooBig, node, world, outside, length)),
              returning(other, anna, about(tooBig, anna, world, inside, length)),
            ),
          ),
        ],
        after: [claimOf(protocol, to)],
      }),
    ),
    {
      sentence: `${name}: an error about what nobody has sent is the node's own`,
      before: withPorts(1),
      steps: [tcp(PORT, 80, SYN), udp(PORT, 80)].map((transport) => {
        const frame = returning(other, node, about(unreachable, node, world, transport));
        return returns(frame, frame);
      }),
    },
    {
      sentence: `${name}: an endpoint's error speaks of what the world has sent`,
      before: withPorts(1),
      steps: [
        out(family, udp(40_000, 53), udp(PORT, 53)),
        leaves(
          leaving(anna, world, about(unreachable, world, anna, udp(53, 40_000))),
          leaving(node, world, about(unreachable, world, node, udp(53, PORT))),
        ),
        leaves(
          leaving(node, world, about(tooBig, world, anna, udp(53, 40_000))),
          leaving(node, world, about(tooBig, world, node, udp(53, PORT))),
        ),
        stays(
          leaving(anna, world, about(unreachable, world, anna, udp(54, 40_000))),
          DropReason.NoMasqueradeMapping,
        ),
      ],
      after: [`new UDP ${end(anna, 40_000)} as ${end(node, PORT)} > ${end(world, 53)}`],
    },
    {
      sentence: `${name}: an endpoint's error about what it has sent itself stays in`,
      steps: [
        annaSends(sent(ANNA, world, udp(40_000, 53)), 'pass'),
        withPorts(1),
        stays(
          leaving(anna, world, about(unreachable, anna, world, udp(40_000, 53))),
          DropReason.NoMasqueradeMapping,
        ),
      ],
      after: [`new UDP ${end(anna, 40_000)} > ${end(world, 53)} 1+0`],
    },
  ];
}

/** Rows about fragments and errors, each over IPv4 and IPv6. */
export const masqueradeErrorCases: readonly PacketCase[] = FAMILIES.flatMap((family) => [
  ...fragmentRows(family),
  ...errorRows(family),
]);
