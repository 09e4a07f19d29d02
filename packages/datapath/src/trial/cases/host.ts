/** Rows about the node as a subject, and endpoints that it talks to. */
import { DropReason } from '@skep/contract';
import { type DirectionTable, PolicyProtocol } from '@skep/policy';
import { TcpFlag } from '@skep/wire';
import { annaGets, annaSends, arriving, type PacketCase, sent, tcp, udp } from '../packet-case.ts';
import { ANNA, NODE_ADDRESS, OPEN_POLICY, setHostPolicy, setPolicy } from '../world.ts';

const { SYN, ACK } = TcpFlag;
const OPEN = OPEN_POLICY.ingress;
const CLOSED: DirectionTable = { isEnforced: true, segments: [] };
const WEB = { protocol: PolicyProtocol.Tcp, first: 80, last: 80 };
const TO_NODE = sent(ANNA, NODE_ADDRESS, tcp(40_000, 80, SYN));
const FROM_NODE = arriving(NODE_ADDRESS, ANNA, tcp(40_000, 80, SYN));
const NODE_END = `${NODE_ADDRESS}:80`;

/** Rows about the node and endpoints. */
export const hostCases: readonly PacketCase[] = [
  {
    sentence: 'no policy is about the node: endpoints reach it, and it them',
    steps: [annaSends(TO_NODE, 'pass'), annaGets(FROM_NODE, 'pass')],
    after: [
      `new TCP 10.0.0.1:40000 > ${NODE_END} 1+0`,
      'new TCP 10.0.0.254:40000 > 10.0.0.1:80 1+0',
    ],
  },
  {
    sentence: 'closed ingress of the node denies endpoints, but for answers',
    before: (tables) => setHostPolicy(tables, { ingress: CLOSED, egress: OPEN }, 2),
    steps: [
      annaSends(TO_NODE, 'drop', DropReason.PolicyDenied),
      annaSends(TO_NODE, 'drop', DropReason.PolicyDenied),
      annaSends(sent(ANNA, NODE_ADDRESS, udp(1, 53)), 'drop', DropReason.PolicyDenied),
      annaGets(FROM_NODE, 'pass'),
      annaSends(sent(ANNA, NODE_ADDRESS, tcp(80, 40_000, SYN | ACK)), 'pass'),
    ],
    after: [
      'new TCP 10.0.0.1:40000 > 10.0.0.254:80 denied: policy denied',
      'new TCP 10.0.0.254:40000 > 10.0.0.1:80 1+1, answered',
      'new UDP 10.0.0.1:1 > 10.0.0.254:53 denied: policy denied',
    ],
  },
  {
    sentence: 'closed egress of the node denies what it begins, but for answers',
    before: (tables) => setHostPolicy(tables, { ingress: OPEN, egress: CLOSED }, 2),
    steps: [
      annaGets(FROM_NODE, 'drop', DropReason.PolicyDenied),
      annaSends(TO_NODE, 'pass'),
      annaGets(arriving(NODE_ADDRESS, ANNA, tcp(80, 40_000, SYN | ACK)), 'pass'),
    ],
    after: [
      `new TCP 10.0.0.1:40000 > ${NODE_END} 1+1, answered`,
      'new TCP 10.0.0.254:40000 > 10.0.0.1:80 denied: policy denied',
    ],
  },
  {
    sentence: 'a rule of the node allows an endpoint, and a deny rule does not',
    before: (tables) => {
      const segment = { ...WEB, allowGroup: ANNA.group };
      setHostPolicy(
        tables,
        { ingress: { isEnforced: true, segments: [segment] }, egress: OPEN },
        2,
      );
    },
    steps: [
      annaSends(TO_NODE, 'pass'),
      annaSends(sent(ANNA, NODE_ADDRESS, tcp(40_001, 81, SYN)), 'drop', DropReason.PolicyDenied),
      (tables) => {
        const denied = { isEnforced: false, segments: [{ ...WEB, denyGroup: ANNA.group }] };
        setHostPolicy(tables, { ingress: denied, egress: OPEN }, 3);
      },
      annaSends(TO_NODE, 'drop', DropReason.PolicyDenyRule),
      annaSends(sent(ANNA, NODE_ADDRESS, tcp(40_001, 81, SYN)), 'pass'),
    ],
    after: [
      'new TCP 10.0.0.1:40000 > 10.0.0.254:80 denied: denied by rule',
      'new TCP 10.0.0.1:40001 > 10.0.0.254:81 1+0',
    ],
  },
  {
    sentence: 'both the endpoint and the node have to agree',
    before: (tables) => {
      setHostPolicy(tables, { ingress: CLOSED, egress: CLOSED }, 2);
      setPolicy(tables, ANNA, { ingress: CLOSED, egress: CLOSED }, 2);
    },
    steps: [
      annaSends(TO_NODE, 'drop', DropReason.PolicyDenied),
      annaGets(FROM_NODE, 'drop', DropReason.PolicyDenied),
      (tables) => setPolicy(tables, ANNA, OPEN_POLICY, 3),
      annaSends(TO_NODE, 'drop', DropReason.PolicyDenied),
      (tables) => setHostPolicy(tables, OPEN_POLICY, 3),
      annaSends(TO_NODE, 'pass'),
    ],
    after: [
      `new TCP 10.0.0.1:40000 > ${NODE_END} 1+0`,
      'new TCP 10.0.0.254:40000 > 10.0.0.1:80 denied: policy denied',
    ],
  },
];
