/** Verdicts, and what conntrack remembers of them. */
import { DropReason } from '@skep/contract';
import { type DirectionTable, PolicyProtocol, type Segment } from '@skep/policy';
import { IcmpType, TcpFlag } from '@skep/wire';
import type { Engine } from '../engine.ts';
import {
  annaGets,
  annaSends,
  arriving,
  bertGets,
  bertSends,
  type PacketCase,
  sent,
  tcp,
  udp,
} from '../packet-case.ts';
import {
  ANNA,
  BERT,
  bumpMembership,
  NODE_ADDRESS,
  OPEN_POLICY,
  setPolicy,
  WORLD_ADDRESS,
  WORLD_GROUP,
} from '../world.ts';

const OPEN = OPEN_POLICY.ingress;
const CLOSED: DirectionTable = { isEnforced: true, segments: [] };
const SYN = tcp(40000, 80, TcpFlag.SYN);
const SYN_ACK = tcp(80, 40000, TcpFlag.SYN | TcpFlag.ACK);
const ACK = tcp(40000, 80, TcpFlag.ACK);

function only(...segments: Segment[]): DirectionTable {
  return { isEnforced: true, segments };
}

const WEB = { protocol: PolicyProtocol.Tcp, first: 80, last: 80 };
const DNS = { protocol: PolicyProtocol.Udp, first: 53, last: 53 };

function ingress(table: DirectionTable, revision = 2): (engine: Engine) => void {
  return (engine) => setPolicy(engine, BERT, { ingress: table, egress: OPEN }, revision);
}

function egress(table: DirectionTable, revision = 2): (engine: Engine) => void {
  return (engine) => setPolicy(engine, ANNA, { ingress: OPEN, egress: table }, revision);
}

const ESTABLISHED = [
  annaSends(sent(ANNA, BERT, SYN), 'to peer'),
  bertSends(sent(BERT, ANNA, SYN_ACK), 'to peer'),
  annaSends(sent(ANNA, BERT, ACK), 'to peer'),
] as const;

/** Rows about verdicts and conntrack. */
export const policyCases: readonly PacketCase[] = [
  {
    sentence: 'closed ingress denies a new flow, and its second packet',
    before: ingress(CLOSED),
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenied),
    ],
  },
  {
    sentence: 'closed egress denies before ingress is asked',
    before: egress(CLOSED),
    steps: [annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenied)],
  },
  {
    sentence: 'a rule allows its port and its peers, and replies need none',
    before: ingress(only({ ...WEB, allowGroup: ANNA.group })),
    steps: [
      ...ESTABLISHED,
      annaSends(sent(ANNA, BERT, tcp(40001, 81, TcpFlag.SYN)), 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, BERT, udp(40000, 80)), 'drop', DropReason.PolicyDenied),
      bertGets(arriving(NODE_ADDRESS, BERT, SYN), 'drop', DropReason.PolicyDenied),
    ],
  },
  {
    sentence: 'both sides have to agree',
    before: (engine) => {
      egress(only({ ...WEB, allowGroup: BERT.group }))(engine);
      ingress(only({ ...DNS, allowGroup: ANNA.group }))(engine);
    },
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, BERT, udp(40000, 53)), 'drop', DropReason.PolicyDenied),
    ],
  },
  {
    sentence: 'deny wins over allow',
    before: ingress(only({ ...WEB, isAllowAll: true, denyGroup: ANNA.group })),
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenyRule),
      bertGets(arriving(WORLD_ADDRESS, BERT, SYN), 'pass'),
    ],
  },
  {
    sentence: 'a deny rule works where nothing else is enforced',
    before: ingress({ isEnforced: false, segments: [{ ...WEB, denyGroup: ANNA.group }] }),
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenyRule),
      annaSends(sent(ANNA, BERT, tcp(1, 81, TcpFlag.SYN)), 'to peer'),
    ],
  },
  {
    sentence: 'the ends of a port range belong to it',
    before: ingress(only({ ...WEB, first: 100, last: 199, allowGroup: ANNA.group })),
    steps: [
      annaSends(sent(ANNA, BERT, tcp(1, 99, TcpFlag.SYN)), 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, BERT, tcp(1, 100, TcpFlag.SYN)), 'to peer'),
      annaSends(sent(ANNA, BERT, tcp(1, 199, TcpFlag.SYN)), 'to peer'),
      annaSends(sent(ANNA, BERT, tcp(1, 200, TcpFlag.SYN)), 'drop', DropReason.PolicyDenied),
    ],
  },
  {
    sentence: 'the world is a peer like others, in both directions',
    before: (engine) => {
      egress(only({ ...DNS, allowGroup: WORLD_GROUP }))(engine);
      ingress(only({ ...WEB, allowGroup: WORLD_GROUP }))(engine);
    },
    steps: [
      annaSends(sent(ANNA, WORLD_ADDRESS, udp(999, 53)), 'pass'),
      annaGets(arriving(WORLD_ADDRESS, ANNA, udp(53, 999)), 'pass'),
      annaSends(sent(ANNA, NODE_ADDRESS, udp(999, 53)), 'drop', DropReason.PolicyDenied),
      bertGets(arriving(WORLD_ADDRESS, BERT, SYN), 'pass'),
      bertGets(arriving(NODE_ADDRESS, BERT, SYN), 'drop', DropReason.PolicyDenied),
    ],
  },
  {
    sentence: 'taking a rule away ends the flows that it allowed, at their next packet',
    before: ingress(only({ ...WEB, allowGroup: ANNA.group })),
    steps: [
      ...ESTABLISHED,
      ingress(CLOSED, 3),
      annaSends(sent(ANNA, BERT, ACK), 'drop', DropReason.PolicyDenied),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.ACK)), 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, BERT, ACK), 'drop', DropReason.PolicyDenied),
    ],
  },
  {
    sentence: 'the same, when the other end speaks first',
    before: ingress(only({ ...WEB, allowGroup: ANNA.group })),
    steps: [
      ...ESTABLISHED,
      ingress(CLOSED, 3),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.ACK)), 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, BERT, ACK), 'drop', DropReason.PolicyDenied),
    ],
  },
  {
    sentence: 'TCP begins with a SYN and nothing else',
    steps: [
      annaSends(sent(ANNA, BERT, ACK), 'drop', DropReason.UnknownConnectionState),
      annaSends(
        sent(ANNA, BERT, tcp(1, 2, TcpFlag.RST)),
        'drop',
        DropReason.UnknownConnectionState,
      ),
      bertSends(sent(BERT, ANNA, SYN_ACK), 'drop', DropReason.UnknownConnectionState),
      annaSends(
        sent(ANNA, BERT, tcp(1, 2, TcpFlag.SYN | TcpFlag.FIN)),
        'drop',
        DropReason.InvalidPacket,
      ),
    ],
  },
  {
    sentence: 'after a change that still allows it, a flow goes on from either end',
    before: ingress(only({ ...WEB, allowGroup: ANNA.group })),
    steps: [
      ...ESTABLISHED,
      ingress(only({ ...WEB, isAllowAll: true }), 3),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.ACK)), 'to peer'),
      annaSends(sent(ANNA, BERT, ACK), 'to peer'),
    ],
  },
  {
    sentence: 'a change of who is who decides anew, with the flow the right way round',
    before: ingress(only({ ...WEB, allowGroup: ANNA.group })),
    steps: [
      ...ESTABLISHED,
      (engine) => bumpMembership(engine, 2),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.ACK)), 'to peer'),
      annaSends(sent(ANNA, BERT, ACK), 'to peer'),
    ],
  },
  {
    sentence: 'a denied flow is allowed as soon as the rules allow it',
    before: ingress(CLOSED),
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenied),
      ingress(only({ ...WEB, allowGroup: ANNA.group }), 3),
      annaSends(sent(ANNA, BERT, SYN), 'to peer'),
    ],
  },
  {
    sentence: 'opening a connection the other way round is no reply: it needs a rule of its own',
    before: (engine) => {
      ingress(only({ ...WEB, allowGroup: ANNA.group }))(engine);
      setPolicy(engine, ANNA, { ingress: CLOSED, egress: OPEN }, 2);
    },
    steps: [
      ...ESTABLISHED,
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.SYN)), 'drop', DropReason.PolicyDenied),
    ],
  },
  {
    sentence: "what one end was denied does not deny the other end's own flow",
    before: egress(CLOSED),
    steps: [
      annaSends(sent(ANNA, BERT, udp(5353, 5353)), 'drop', DropReason.PolicyDenied),
      bertSends(sent(BERT, ANNA, udp(5353, 5353)), 'to peer'),
      annaSends(sent(ANNA, BERT, udp(5353, 5353)), 'to peer'),
    ],
  },
  {
    sentence: 'echo: a reply passes, a request from the other end is a flow of its own',
    before: (engine) => {
      const echo = { protocol: PolicyProtocol.Icmp, first: 8, last: 8 };
      ingress(only({ ...echo, allowGroup: ANNA.group }))(engine);
      setPolicy(engine, ANNA, { ingress: CLOSED, egress: OPEN }, 2);
    },
    steps: [
      annaSends(sent(ANNA, BERT, { icmp: { type: 8, identifier: 7 } }), 'to peer'),
      bertSends(sent(BERT, ANNA, { icmp: { type: 0, identifier: 7 } }), 'to peer'),
      bertSends(
        sent(BERT, ANNA, { icmp: { type: IcmpType.EchoRequest, identifier: 7 } }),
        'drop',
        DropReason.PolicyDenied,
      ),
      bertSends(
        sent(BERT, ANNA, { icmp: { type: IcmpType.EchoReply, identifier: 8 } }),
        'drop',
        DropReason.PolicyDenied,
      ),
    ],
  },
  {
    sentence: 'without its policy program an endpoint is closed',
    before: (engine) => {
      ingress(CLOSED)(engine);
      engine.setPolicy(BERT.id * 2, null);
    },
    steps: [annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.MissedTailCall)],
  },
];
