/** Rows about who has which port of the node, and for how long. */
import { DropReason } from '@skep/contract';
import { TcpFlag } from '@skep/wire';
import {
  leaves,
  leaving,
  type PacketCase,
  returning,
  returns,
  stays,
  tcp,
  udp,
} from '../packet-case.ts';
import type { TrialTables } from '../tables.ts';
import { MASQUERADE_PORT as PORT, setUpUplink } from '../world.ts';
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

const { SYN, ACK, RST, FIN } = TcpFlag;

function portRows(family: Family): PacketCase[] {
  const { name, bert, world, node } = family;
  const claim = claimer(family);
  return [
    {
      sentence: `${name}: a flow that has only begun gives its port to the next`,
      before: withPorts(1),
      steps: [
        out(family, udp(40_000, 53), udp(PORT, 53)),
        leaves(leaving(bert, world, udp(40_000, 53)), leaving(node, world, udp(PORT, 53))),
        returns(returning(world, node, udp(53, PORT)), returning(world, bert, udp(53, 40_000))),
      ],
      after: [`new ${claim('UDP', 40_000, 53, bert)}, answered`],
    },
    {
      sentence: `${name}: connections keep all ports that there are, until they have ended`,
      before: withPorts(1),
      steps: [
        out(family, udp(40_000, 53), udp(PORT, 53)),
        back(family, udp(53, PORT), udp(53, 40_000)),
        out(family, udp(40_000, 53), udp(PORT, 53)),
        stays(leaving(bert, world, udp(40_000, 53)), DropReason.NoMasqueradeMapping),
        (tables) => tables.advanceSeconds(59),
        stays(leaving(bert, world, udp(40_000, 53)), DropReason.NoMasqueradeMapping),
        (tables) => tables.advanceSeconds(2),
        leaves(leaving(bert, world, udp(40_000, 53)), leaving(node, world, udp(PORT, 53))),
      ],
      after: [`new ${claim('UDP', 40_000, 53, bert)}`],
    },
    {
      sentence: `${name}: a TCP connection that has ended lets go of its port soon`,
      before: withPorts(1),
      steps: [
        out(family, tcp(40_000, 80, SYN), tcp(PORT, 80, SYN)),
        back(family, tcp(80, PORT, SYN | ACK), tcp(80, 40_000, SYN | ACK)),
        out(family, tcp(40_000, 80, ACK), tcp(PORT, 80, ACK)),
        (tables) => tables.advanceSeconds(3_000),
        stays(leaving(bert, world, tcp(40_000, 80, SYN)), DropReason.NoMasqueradeMapping),
        back(family, tcp(80, PORT, RST), tcp(80, 40_000, RST)),
        stays(leaving(bert, world, tcp(40_000, 80, SYN)), DropReason.NoMasqueradeMapping),
        // Whose RST this is, nobody knows: only who has not gone on for long has heeded it.
        (tables) => tables.advanceSeconds(9),
        stays(leaving(bert, world, tcp(40_000, 80, SYN)), DropReason.NoMasqueradeMapping),
        (tables) => tables.advanceSeconds(2),
        leaves(
          leaving(bert, world, tcp(40_000, 80, SYN)),
          leaving(node, world, tcp(PORT, 80, SYN)),
        ),
      ],
      after: [`new ${claim('TCP', 40_000, 80, bert)}`],
    },
    ...endedRows(family),
    ...ongoingRows(family),
  ];
}

/** One connection that has the only port, and another endpoint that wants it. */
function onePort(family: Family) {
  const { bert, world, node } = family;
  const next = leaving(bert, world, tcp(40_000, 80, SYN));
  const isRefused = stays(next, DropReason.NoMasqueradeMapping);
  return {
    opened: [
      out(family, tcp(40_000, 80, SYN), tcp(PORT, 80, SYN)),
      back(family, tcp(80, PORT, SYN | ACK), tcp(80, 40_000, SYN | ACK)),
      out(family, tcp(40_000, 80, ACK), tcp(PORT, 80, ACK)),
    ],
    reset: out(family, tcp(40_000, 80, RST), tcp(PORT, 80, RST)),
    givesWay: [
      isRefused,
      (tables: TrialTables) => tables.advanceSeconds(1),
      leaves(next, leaving(node, world, tcp(PORT, 80, SYN))),
    ],
    stays: [(tables: TrialTables) => tables.advanceSeconds(20), isRefused],
  };
}

/** Connections that their endpoint has ended make room where there is none. */
function endedRows(family: Family): PacketCase[] {
  const { name, bert } = family;
  const { opened, reset, givesWay, stays: keeps } = onePort(family);
  const lateAnswer = back(family, tcp(80, PORT, ACK), tcp(80, 40_000, ACK));
  const finished = [
    back(family, tcp(80, PORT, FIN | ACK), tcp(80, 40_000, FIN | ACK)),
    ...keeps,
    out(family, tcp(40_000, 80, FIN | ACK), tcp(PORT, 80, FIN | ACK)),
  ];
  const ends = {
    'a connection that its endpoint resets': [reset],
    'a connection that was reset, whatever comes late,': [reset, lateAnswer],
    'a connection that both ends finish': finished,
  };
  const after = [`new ${claimer(family)('TCP', 40_000, 80, bert)}`];
  return Object.entries(ends).map(([which, end]) => ({
    sentence: `${name}: ${which} gives way after a second`,
    before: withPorts(1),
    steps: [...opened, ...end, ...givesWay],
    after,
  }));
}

/** Connections that go on after a reset of their own endpoint. */
function ongoingRows(family: Family): PacketCase[] {
  const { name } = family;
  const { opened, reset, stays: keeps } = onePort(family);
  const further = [out(family, tcp(40_000, 80, ACK), tcp(PORT, 80, ACK))];
  const after = [`known ${claimer(family)('TCP', 40_000, 80)}, answered`];
  return Object.entries({ 'goes on': further, 'begins again': opened }).map(([which, steps]) => ({
    sentence: `${name}: a connection that ${which} after its own reset keeps its port`,
    before: withPorts(1),
    steps: [...opened, reset, ...steps, ...keeps],
    after,
  }));
}

/** The node's own packets from ports that are masquerade's. */
function hostRows(family: Family): PacketCase[] {
  const { name, anna, node, world } = family;
  const { request, reply } = family.echo;
  const ownEnd = end(node, PORT);
  const claim = (port: number, own: string, ownPort: number): string => {
    return `UDP ${end(own, ownPort)} as ${end(node, port)} > ${end(world, 53)}`;
  };
  const takeBoth = (tables: TrialTables): void => setUpUplink(tables, 1);
  return [
    {
      sentence: `${name}: the node's own flow yields a port that an endpoint has`,
      before: takeBoth,
      steps: [
        out(family, echo(request, 3), echo(request, PORT)),
        (tables) => setUpUplink(tables, 2),
        leaves(
          leaving(node, world, echo(request, PORT)),
          leaving(node, world, echo(request, PORT + 1)),
        ),
        back(family, echo(reply, PORT), echo(reply, 3)),
        returns(
          returning(world, node, echo(reply, PORT + 1)),
          returning(world, node, echo(reply, PORT)),
        ),
      ],
      after: [
        `new ${family.icmp} ${end(anna, 3)} as ${end(node, PORT)} > ${end(world, 0)}, answered`,
        `new ${family.icmp} ${ownEnd} as ${end(node, PORT + 1)} > ${end(world, 0)}, answered`,
      ].sort(),
    },
    {
      sentence: `${name}: the node goes on with a connection of its own under its own port`,
      before: takeBoth,
      steps: [
        out(family, tcp(40_000, 53, SYN), tcp(PORT, 53, SYN)),
        leaves(leaving(node, world, tcp(PORT, 53, ACK)), leaving(node, world, tcp(PORT, 53, ACK))),
      ],
      after: [claim(PORT, anna, 40_000).replace('UDP', 'new TCP')],
    },
  ];
}

/** Rows about ports, each over IPv4 and IPv6. */
export const masqueradePortCases: readonly PacketCase[] = FAMILIES.flatMap((family) => [
  ...portRows(family),
  ...hostRows(family),
]);
