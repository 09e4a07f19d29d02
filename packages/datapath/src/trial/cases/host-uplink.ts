/** Rows about the node itself and the world, at the uplink. */
import { DropReason } from '@skep/contract';
import { type DecisionTable, type DirectionTable, PolicyProtocol } from '@skep/policy';
import { makePacket, TcpFlag } from '@skep/wire';
import {
  leaves,
  leaving,
  type PacketCase,
  returning,
  returns,
  stays,
  tcp,
  type Transport,
  udp,
  type UplinkStep,
} from '../packet-case.ts';
import type { TrialTables } from '../tables.ts';
import { OPEN_POLICY, setHostPolicy, setUpUplink, WORLD_GROUP } from '../world.ts';
import { back, claimer, echo, end, FAMILIES, type Family, out } from './masquerade-families.ts';

const { SYN, ACK } = TcpFlag;
const OPEN = OPEN_POLICY.ingress;
const CLOSED: DirectionTable = { isEnforced: true, segments: [] };
/** Nothing may begin, in either direction. */
export const BOTH: DecisionTable = { ingress: CLOSED, egress: CLOSED };
const INGRESS: DecisionTable = { ingress: CLOSED, egress: OPEN };
const EGRESS: DecisionTable = { ingress: OPEN, egress: CLOSED };
const WEB = { protocol: PolicyProtocol.Tcp, first: 80, last: 80, allowGroup: WORLD_GROUP };
const DENIED = DropReason.PolicyDenied;
const FORGED = DropReason.InvalidSourceAddress;

/** Rules of the node, from here on. */
export const policy = (table: DecisionTable, revision = 2) => {
  return (tables: TrialTables) => setHostPolicy(tables, table, revision);
};

/** As it has come. */
export const passesIn = (frame: Uint8Array): UplinkStep => returns(frame, frame);
/** As it was sent. */
export const passesOut = (frame: Uint8Array): UplinkStep => leaves(frame, frame);
/** A step of the world sending what the node does not get. */
export function ends(frame: Uint8Array, reason: DropReason): UplinkStep {
  return { hook: 'from network', frame, fate: 'drop', reason };
}

function flowRows({ name, anna, bert, world, node, icmp, echo: types }: Family): PacketCase[] {
  // tidy: long: a table of rows
  const come = (transport: Transport) => returning(world, node, transport);
  const go = (transport: Transport) => leaving(node, world, transport);
  const [web, own] = [end(node, 80), end(node, 40_000)];
  return [
    {
      sentence: `${name}: no policy is about the node: nothing is looked at`,
      steps: [
        ...[tcp(40_000, 80, SYN), tcp(40_000, 80, ACK), udp(1, 2)].map((each) =>
          passesIn(come(each)),
        ),
        ...[tcp(40_000, 80, SYN), tcp(40_000, 80, ACK), udp(1, 2)].map((each) =>
          passesOut(go(each)),
        ),
      ],
    },
    {
      sentence: `${name}: who speaks in the name of an endpoint, or of the node, is not heard`,
      before: policy(INGRESS),
      steps: [
        ...[anna, bert, node].flatMap((impostor) => [
          ends(returning(impostor, node, udp(1, 53)), FORGED),
          ends(returning(impostor, world, tcp(1, 80, SYN)), FORGED),
        ]),
        (tables) => setHostPolicy(tables, OPEN_POLICY, 3),
        ends(returning(anna, node, udp(1, 53)), FORGED),
      ],
    },
    {
      sentence: `${name}: closed ingress denies what the world begins, again and again`,
      before: policy(INGRESS),
      steps: [
        ends(come(tcp(40_000, 80, SYN)), DENIED),
        ends(come(tcp(40_000, 80, SYN)), DENIED),
        ends(come(udp(40_000, 53)), DENIED),
        ends(come(echo(types.request, 3)), DENIED),
      ],
      after: [
        `new ${icmp} ${end(world, 3)} > ${end(node, 0)} denied: policy denied`,
        `new TCP ${end(world, 40_000)} > ${web} denied: policy denied`,
        `new UDP ${end(world, 40_000)} > ${end(node, 53)} denied: policy denied`,
      ].sort(),
    },
    {
      sentence: `${name}: answers to the node need no rule`,
      before: policy(INGRESS),
      steps: [
        passesOut(go(tcp(40_000, 80, SYN))),
        passesIn(come(tcp(80, 40_000, SYN | ACK))),
        passesOut(go(tcp(40_000, 80, ACK))),
        passesOut(go(udp(40_000, 53))),
        passesIn(come(udp(53, 40_000))),
        passesOut(go(udp(40_000, 53))),
        ends(come(udp(54, 40_000)), DENIED),
      ],
      after: [
        `known TCP ${own} > ${end(world, 80)} 2+1, answered`,
        `known UDP ${own} > ${end(world, 53)} 2+1, answered`,
        `new UDP ${end(world, 54)} > ${own} denied: policy denied`,
      ].sort(),
    },
    {
      sentence: `${name}: closed egress denies what the node begins, but for answers`,
      before: policy(EGRESS),
      steps: [
        stays(go(tcp(40_000, 80, SYN)), DENIED),
        stays(go(tcp(40_000, 80, SYN)), DENIED),
        passesIn(come(tcp(40_001, 80, SYN))),
        passesOut(go(tcp(80, 40_001, SYN | ACK))),
      ],
      after: [
        `new TCP ${own} > ${end(world, 80)} denied: policy denied`,
        `new TCP ${end(world, 40_001)} > ${web} 1+1, answered`,
      ].sort(),
    },
    {
      sentence: `${name}: a rule allows its port, and what it has allowed ends with it`,
      before: policy({ ingress: { isEnforced: true, segments: [WEB] }, egress: CLOSED }),
      steps: [
        passesIn(come(tcp(40_000, 80, SYN))),
        passesOut(go(tcp(80, 40_000, SYN | ACK))),
        ends(come(tcp(40_000, 81, SYN)), DENIED),
        policy(BOTH, 3),
        ends(come(tcp(40_000, 80, ACK)), DENIED),
        stays(go(tcp(80, 40_000, ACK)), DENIED),
      ],
      after: [
        `new TCP ${end(world, 40_000)} > ${web} denied: policy denied`,
        `new TCP ${end(world, 40_000)} > ${end(node, 81)} denied: policy denied`,
      ].sort(),
    },
    {
      sentence: `${name}: nobody takes up a connection in the middle`,
      before: policy({ ingress: { isEnforced: true, segments: [WEB] }, egress: OPEN }),
      steps: [
        ends(come(tcp(40_000, 80, ACK)), DropReason.UnknownConnectionState),
        stays(go(tcp(80, 40_000, ACK)), DropReason.UnknownConnectionState),
      ],
    },
    {
      sentence: `${name}: only followed, all of it passes, and is known when rules come`,
      before: policy(OPEN_POLICY),
      steps: [
        passesIn(come(tcp(40_000, 80, ACK))),
        passesOut(go(tcp(80, 40_000, ACK))),
        passesIn(come(tcp(40_001, 80, SYN))),
        passesOut(go(tcp(80, 40_001, SYN | ACK))),
        passesOut(go(tcp(40_000, 443, SYN))),
        policy(INGRESS, 3),
        passesIn(come(tcp(443, 40_000, SYN | ACK))),
        ends(come(tcp(40_001, 80, ACK)), DENIED),
      ],
      after: [
        `new TCP ${own} > ${end(world, 443)} 0+1, answered`,
        `new TCP ${end(world, 40_001)} > ${web} denied: policy denied`,
      ].sort(),
    },
    {
      sentence: `${name}: a safe port is open, whatever is denied`,
      before: policy({
        ingress: {
          isEnforced: true,
          segments: [
            { protocol: PolicyProtocol.Tcp, first: 0, last: 21, isDenyAll: true },
            {
              ...{ protocol: PolicyProtocol.Tcp, first: 22, last: 22 },
              ...{ isDenyAll: true, safeGroup: WORLD_GROUP },
            },
          ],
        },
        egress: CLOSED,
      }),
      steps: [
        passesIn(come(tcp(40_000, 22, SYN))),
        passesOut(go(tcp(22, 40_000, SYN | ACK))),
        passesIn(come(tcp(40_000, 22, ACK))),
        ends(come(tcp(40_000, 21, SYN)), DropReason.PolicyDenyRule),
      ],
      after: [
        `known TCP ${end(world, 40_000)} > ${end(node, 22)} 2+1, answered`,
        `new TCP ${end(world, 40_000)} > ${end(node, 21)} denied: denied by rule`,
      ].sort(),
    },
    {
      sentence: `${name}: other protocols are decided by rules, too`,
      before: policy({
        ingress: CLOSED,
        egress: {
          isEnforced: true,
          segments: [
            { protocol: PolicyProtocol.Other, first: 0, last: 0, allowGroup: WORLD_GROUP },
          ],
        },
      }),
      steps: [
        passesOut(go({ protocol: 47, payload: new Uint8Array(8) })),
        passesIn(come({ protocol: 47, payload: new Uint8Array(8) })),
        ends(come({ protocol: 50, payload: new Uint8Array(8) }), DENIED),
      ],
      after: [
        `new GRE ${end(node, 0)} > ${end(world, 0)} 1+1, answered`,
        `new ESP ${end(world, 0)} > ${end(node, 0)} denied: policy denied`,
      ].sort(),
    },
  ];
}

/** What is for somebody else, or says that it is from here. */
function otherRows(family: Family): PacketCase[] {
  // tidy: long: a table of rows
  const { name, world, node, anna, bert, other } = family;
  const isIpv4 = name === 'IPv4';
  const claim = claimer(family);
  const later: Transport = {
    ...udp(0, 0),
    ...{ payload: new Uint8Array(16), fragmentOffset: 24, identification: 9 },
  };
  const first: Transport = { ...udp(40_000, 53), payload: new Uint8Array(16), identification: 9 };
  const toAll = isIpv4 ? '224.0.0.251' : 'ff02::fb';
  return [
    {
      sentence: `${name}: what goes through the node is not the node's`,
      before: policy(BOTH),
      steps: [
        passesIn(returning(world, anna, tcp(40_000, 80, SYN))),
        passesIn(returning(world, bert, tcp(40_000, 80, SYN))),
        passesOut(leaving(other, world, tcp(40_000, 80, SYN))),
      ],
    },
    {
      sentence: `${name}: masqueraded flows are the endpoint's`,
      before: (tables) => {
        setUpUplink(tables, 1);
        policy(BOTH)(tables);
      },
      steps: [
        out(family, udp(40_000, 53), udp(50_000, 53)),
        back(family, udp(53, 50_000), udp(53, 40_000)),
        ends(returning(world, node, udp(54, 50_000)), DENIED),
        stays(leaving(node, world, udp(40_000, 53)), DENIED),
      ],
      after: [
        `new UDP ${claim('UDP', 40_000, 53).slice(4)}, answered`,
        `new UDP ${end(node, 40_000)} > ${end(world, 53)} denied: policy denied`,
        `new UDP ${end(world, 54)} > ${end(node, 50_000)} denied: policy denied`,
      ].sort(),
    },
    {
      sentence: `${name}: nobody outside is an endpoint, or the node`,
      before: policy({ ingress: { isEnforced: true, segments: [WEB] }, egress: OPEN }),
      steps: [anna, node].map((from) =>
        ends(returning(from, node, tcp(40_000, 80, SYN)), DropReason.InvalidSourceAddress),
      ),
    },
    {
      sentence: `${name}: what is for all hosts is for the node, too`,
      before: policy(BOTH),
      steps: [
        ends(returning(world, toAll, udp(5353, 5353)), DENIED),
        stays(leaving(node, toAll, udp(5353, 5353)), DENIED),
      ],
      after: [
        `new UDP ${end(world, 5353)} > ${end(toAll, 5353)} denied: policy denied`,
        `new UDP ${end(node, 5353)} > ${end(toAll, 5353)} denied: policy denied`,
      ].sort(),
    },
    {
      sentence: `${name}: a later fragment goes the way of the first, or no way`,
      before: policy({ ingress: CLOSED, egress: OPEN }),
      steps: [
        ends(returning(world, node, later), DropReason.FirstFragmentNotFound),
        ends(returning(world, node, { ...first, moreFragments: true }), DENIED),
        ends(returning(world, node, later), DENIED),
        passesOut(leaving(node, world, { ...first, moreFragments: true })),
        passesOut(leaving(node, world, later)),
      ],
      after: [
        `fragments of UDP ${end(node, 40_000)} > ${end(world, 53)}`,
        `fragments of UDP ${end(world, 40_000)} > ${end(node, 53)}`,
        `new UDP ${end(node, 40_000)} > ${end(world, 53)} 2+0`,
        `new UDP ${end(world, 40_000)} > ${end(node, 53)} denied: policy denied`,
      ].sort(),
    },
    errorRow(family),
  ];
}

function errorRow({ name, world, node, other }: Family): PacketCase {
  const error = name === 'IPv4' ? { type: 3, code: 3 } : { type: 1, code: 4 };
  const about = (from: string, to: string, transport: Transport): Transport => {
    return { icmp: error, payload: makePacket({ source: from, destination: to, ...transport }) };
  };
  return {
    sentence: `${name}: an ICMP error passes with the flow that it speaks of`,
    before: policy({ ingress: CLOSED, egress: OPEN }),
    steps: [
      passesOut(leaving(node, world, udp(40_000, 53))),
      passesIn(returning(world, node, about(node, world, udp(40_000, 53)))),
      passesIn(returning(other, node, about(node, world, udp(40_000, 53)))),
      ends(returning(world, node, about(node, world, udp(40_001, 53))), DENIED),
      ends(returning(world, node, about(world, node, udp(53, 40_000))), DENIED),
      policy(BOTH, 3),
      ends(returning(world, node, about(node, world, udp(40_000, 53))), DENIED),
    ],
    after: [
      `new UDP ${end(node, 40_000)} > ${end(world, 53)} 1+0`,
      `new ${name === 'IPv4' ? 'ICMP' : 'ICMPv6'} ${end(world, error.type * 256 + error.code)} > ` +
        `${end(node, 1)} denied: policy denied`,
    ].sort(),
  };
}

/** Rows about the node and the world, each over IPv4 and IPv6. */
export const hostUplinkCases: readonly PacketCase[] = FAMILIES.flatMap((family) => [
  ...flowRows(family),
  ...otherRows(family),
]);
