/** Verdicts, and what conntrack remembers of them. */
import { DropReason } from '@skep/contract';
import { type DirectionTable, PolicyProtocol, type Segment } from '@skep/policy';
import { IcmpType, TcpFlag } from '@skep/wire';
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
import type { TrialTables } from '../tables.ts';
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

function ingress(table: DirectionTable, revision = 2): (tables: TrialTables) => void {
  return (tables) => setPolicy(tables, BERT, { ingress: table, egress: OPEN }, revision);
}

function egress(table: DirectionTable, revision = 2): (tables: TrialTables) => void {
  return (tables) => setPolicy(tables, ANNA, { ingress: OPEN, egress: table }, revision);
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
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 denied: policy denied'],
  },
  {
    sentence: 'closed egress denies before ingress is asked',
    before: egress(CLOSED),
    steps: [annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenied)],
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 denied: policy denied'],
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
    after: [
      'known TCP 10.0.0.1:40000 > 10.0.0.2:80 2+1, answered',
      'new TCP 10.0.0.1:40001 > 10.0.0.2:81 denied: policy denied',
      'new TCP 10.0.0.254:40000 > 10.0.0.2:80 denied: policy denied',
      'new UDP 10.0.0.1:40000 > 10.0.0.2:80 denied: policy denied',
    ],
  },
  {
    sentence: 'both sides have to agree',
    before: (tables) => {
      egress(only({ ...WEB, allowGroup: BERT.group }))(tables);
      ingress(only({ ...DNS, allowGroup: ANNA.group }))(tables);
    },
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, BERT, udp(40000, 53)), 'drop', DropReason.PolicyDenied),
    ],
    after: [
      'new TCP 10.0.0.1:40000 > 10.0.0.2:80 denied: policy denied',
      'new UDP 10.0.0.1:40000 > 10.0.0.2:53 denied: policy denied',
    ],
  },
  {
    sentence: 'deny wins over allow',
    before: ingress(only({ ...WEB, isAllowAll: true, denyGroup: ANNA.group })),
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenyRule),
      bertGets(arriving(WORLD_ADDRESS, BERT, SYN), 'pass'),
    ],
    after: [
      'new TCP 10.0.0.1:40000 > 10.0.0.2:80 denied: denied by rule',
      'new TCP 192.0.2.7:40000 > 10.0.0.2:80 1+0',
    ],
  },
  {
    sentence: 'a deny rule works where nothing else is enforced',
    before: ingress({ isEnforced: false, segments: [{ ...WEB, denyGroup: ANNA.group }] }),
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenyRule),
      annaSends(sent(ANNA, BERT, tcp(1, 81, TcpFlag.SYN)), 'to peer'),
    ],
    after: [
      'new TCP 10.0.0.1:1 > 10.0.0.2:81 1+0',
      'new TCP 10.0.0.1:40000 > 10.0.0.2:80 denied: denied by rule',
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
    after: [
      'new TCP 10.0.0.1:1 > 10.0.0.2:100 1+0',
      'new TCP 10.0.0.1:1 > 10.0.0.2:199 1+0',
      'new TCP 10.0.0.1:1 > 10.0.0.2:200 denied: policy denied',
      'new TCP 10.0.0.1:1 > 10.0.0.2:99 denied: policy denied',
    ],
  },
  {
    sentence: 'the world is a peer like others, in both directions',
    before: (tables) => {
      egress(only({ ...DNS, allowGroup: WORLD_GROUP }))(tables);
      ingress(only({ ...WEB, allowGroup: WORLD_GROUP }))(tables);
    },
    steps: [
      annaSends(sent(ANNA, WORLD_ADDRESS, udp(999, 53)), 'pass'),
      annaGets(arriving(WORLD_ADDRESS, ANNA, udp(53, 999)), 'pass'),
      annaSends(sent(ANNA, NODE_ADDRESS, udp(999, 53)), 'drop', DropReason.PolicyDenied),
      bertGets(arriving(WORLD_ADDRESS, BERT, SYN), 'pass'),
      bertGets(arriving(NODE_ADDRESS, BERT, SYN), 'drop', DropReason.PolicyDenied),
    ],
    after: [
      'new TCP 10.0.0.254:40000 > 10.0.0.2:80 denied: policy denied',
      'new TCP 192.0.2.7:40000 > 10.0.0.2:80 1+0',
      'new UDP 10.0.0.1:999 > 10.0.0.254:53 denied: policy denied',
      'new UDP 10.0.0.1:999 > 192.0.2.7:53 1+1, answered',
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
    after: ['known TCP 10.0.0.1:40000 > 10.0.0.2:80 denied: policy denied'],
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
    after: ['known TCP 10.0.0.1:40000 > 10.0.0.2:80 denied: policy denied'],
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
    after: ['known TCP 10.0.0.1:40000 > 10.0.0.2:80 1+1, answered'],
  },
  {
    sentence: 'a connection that is decided anew is as far as it was, whoever speaks first',
    before: ingress(only({ ...WEB, allowGroup: ANNA.group })),
    steps: [
      ...ESTABLISHED,
      ingress(only({ ...WEB, isAllowAll: true }), 3),
      annaSends(sent(ANNA, BERT, ACK), 'to peer'),
      (tables) => tables.advanceSeconds(60),
      annaSends(sent(ANNA, BERT, ACK), 'to peer'),
    ],
    after: ['known TCP 10.0.0.1:40000 > 10.0.0.2:80 2+0, answered'],
  },
  {
    sentence: 'a change of who is who decides anew, with the flow the right way round',
    before: ingress(only({ ...WEB, allowGroup: ANNA.group })),
    steps: [
      ...ESTABLISHED,
      (tables) => bumpMembership(tables, 2),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.ACK)), 'to peer'),
      annaSends(sent(ANNA, BERT, ACK), 'to peer'),
    ],
    after: ['known TCP 10.0.0.1:40000 > 10.0.0.2:80 1+1, answered'],
  },
  {
    sentence: 'a denied flow is allowed as soon as the rules allow it',
    before: ingress(CLOSED),
    steps: [
      annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.PolicyDenied),
      ingress(only({ ...WEB, allowGroup: ANNA.group }), 3),
      annaSends(sent(ANNA, BERT, SYN), 'to peer'),
    ],
    after: ['new TCP 10.0.0.1:40000 > 10.0.0.2:80 1+0'],
  },
  {
    sentence: 'a SYN from the other end does not end an open connection, forged or not',
    before: ingress(only({ ...WEB, allowGroup: ANNA.group })),
    steps: [
      ...ESTABLISHED,
      bertSends(
        sent(BERT, ANNA, tcp(80, 40000, TcpFlag.SYN)),
        'drop',
        DropReason.UnknownConnectionState,
      ),
      annaSends(sent(ANNA, BERT, ACK), 'to peer'),
    ],
    after: ['known TCP 10.0.0.1:40000 > 10.0.0.2:80 3+1, answered'],
  },
  {
    sentence: 'opening a connection the other way round is no reply: it needs a rule of its own',
    before: (tables) => {
      ingress(only({ ...WEB, allowGroup: ANNA.group }))(tables);
      setPolicy(tables, ANNA, { ingress: CLOSED, egress: OPEN }, 2);
    },
    steps: [
      ...ESTABLISHED,
      annaSends(sent(ANNA, BERT, tcp(40000, 80, TcpFlag.FIN | TcpFlag.ACK)), 'to peer'),
      bertSends(sent(BERT, ANNA, tcp(80, 40000, TcpFlag.SYN)), 'drop', DropReason.PolicyDenied),
    ],
    after: ['new TCP 10.0.0.2:80 > 10.0.0.1:40000 denied: policy denied'],
  },
  {
    sentence: "what one end was denied does not deny the other end's own flow",
    before: egress(CLOSED),
    steps: [
      annaSends(sent(ANNA, BERT, udp(5353, 5353)), 'drop', DropReason.PolicyDenied),
      bertSends(sent(BERT, ANNA, udp(5353, 5353)), 'to peer'),
      annaSends(sent(ANNA, BERT, udp(5353, 5353)), 'to peer'),
    ],
    after: ['new UDP 10.0.0.2:5353 > 10.0.0.1:5353 1+1, answered'],
  },
  {
    sentence: 'echo: a reply passes, a request from the other end is a flow of its own',
    before: (tables) => {
      const echo = { protocol: PolicyProtocol.Icmp, first: 8, last: 8 };
      ingress(only({ ...echo, allowGroup: ANNA.group }))(tables);
      setPolicy(tables, ANNA, { ingress: CLOSED, egress: OPEN }, 2);
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
        DropReason.UnknownConnectionState,
      ),
    ],
    after: [
      'new ICMP 10.0.0.1:7 > 10.0.0.2:0 1+1, answered',
      'new ICMP 10.0.0.2:7 > 10.0.0.1:0 denied: policy denied',
    ],
  },
  {
    sentence: 'the same for the identifier 0',
    before: (tables) => setPolicy(tables, ANNA, { ingress: CLOSED, egress: OPEN }, 2),
    steps: [
      annaSends(sent(ANNA, BERT, { icmp: { type: 8, identifier: 0 } }), 'to peer'),
      bertSends(sent(BERT, ANNA, { icmp: { type: 0, identifier: 0 } }), 'to peer'),
      bertSends(
        sent(BERT, ANNA, { icmp: { type: IcmpType.EchoRequest, identifier: 0 } }),
        'drop',
        DropReason.PolicyDenied,
      ),
    ],
    after: [
      'new ICMP 10.0.0.1:1 > 10.0.0.2:0 1+1, answered',
      'new ICMP 10.0.0.2:1 > 10.0.0.1:0 denied: policy denied',
    ],
  },
  {
    sentence: 'without its policy program an endpoint is closed',
    before: (tables) => {
      ingress(CLOSED)(tables);
      tables.setPolicy(BERT.id * 2, null);
    },
    steps: [annaSends(sent(ANNA, BERT, SYN), 'drop', DropReason.MissedTailCall)],
  },
];
