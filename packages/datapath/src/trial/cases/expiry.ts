/** How long conntrack remembers: the clock is moved, or the flows are made older. */
import { DropReason } from '@skep/contract';
import { IcmpType, makePacket, TcpFlag } from '@skep/wire';
import { annaGets, annaSends, arriving, type PacketCase, sent, tcp, udp } from '../packet-case.ts';
import type { TrialTables } from '../tables.ts';
import { ANNA, OPEN_POLICY, setPolicy, WORLD_ADDRESS } from '../world.ts';

const { SYN, ACK, FIN, RST } = TcpFlag;

const wait = (seconds: number) => (tables: TrialTables) => tables.advanceSeconds(seconds);
const out = (flags: number) => sent(ANNA, WORLD_ADDRESS, tcp(40_000, 80, flags));
const back = (flags: number) => arriving(WORLD_ADDRESS, ANNA, tcp(80, 40_000, flags));
const HANDSHAKE = [
  annaSends(out(SYN), 'pass'),
  annaGets(back(SYN | ACK), 'pass'),
  annaSends(out(ACK), 'pass'),
];
const FLOW = 'known TCP 10.0.0.1:40000 > 192.0.2.7:80';
const UNKNOWN = DropReason.UnknownConnectionState;

/** Answers pass only while their flow is remembered. */
function closeIngress(tables: TrialTables): void {
  const ingress = { isEnforced: true, segments: [] };
  setPolicy(tables, ANNA, { ...OPEN_POLICY, ingress }, 2);
}

const UDP_OUT = annaSends(sent(ANNA, WORLD_ADDRESS, udp(40_000, 53)), 'pass');
const UDP_BACK = arriving(WORLD_ADDRESS, ANNA, udp(53, 40_000));

const UDP_FLOW = 'new UDP 10.0.0.1:40000 > 192.0.2.7:53 1+0';
/** What a router says of {@link UDP_OUT}. */
const ABOUT_UDP = arriving('203.0.113.1', ANNA, {
  icmp: { type: IcmpType.TimeExceeded },
  payload: makePacket({ source: ANNA.ipv4, destination: WORLD_ADDRESS, ...udp(40_000, 53) }),
});

/** Rows about silence. */
export const expiryCases: readonly PacketCase[] = [
  {
    sentence: 'an error about a flow passes for less than 60 seconds of silence',
    before: closeIngress,
    steps: [UDP_OUT, wait(59), annaGets(ABOUT_UDP, 'pass')],
    after: [UDP_FLOW],
  },
  {
    sentence: 'after that policy decides it',
    before: closeIngress,
    steps: [UDP_OUT, wait(60), annaGets(ABOUT_UDP, 'drop', DropReason.PolicyDenied)],
    after: ['new ICMP 203.0.113.1:2816 > 10.0.0.1:1 denied: policy denied', UDP_FLOW],
  },
  {
    sentence: 'an established connection lives for less than 6 hours of silence',
    steps: [...HANDSHAKE, wait(21_599), annaSends(out(ACK), 'pass')],
    after: [`${FLOW} 3+1, answered`],
  },
  {
    sentence: 'and no longer',
    steps: [...HANDSHAKE, wait(21_600), annaSends(out(ACK), 'drop', UNKNOWN)],
    after: [`${FLOW} 2+1, answered`],
  },
  {
    sentence: 'a connection is not old because another CPU saw its last packet in a later tick',
    steps: [...HANDSHAKE, wait(-1), annaSends(out(ACK), 'pass')],
    after: [`${FLOW} 3+1, answered`],
  },
  {
    sentence: 'an opening one waits less than 60 seconds for its answer',
    steps: [HANDSHAKE[0]!, wait(59), annaGets(back(SYN | ACK), 'pass')],
    after: ['new TCP 10.0.0.1:40000 > 192.0.2.7:80 1+1, answered'],
  },
  {
    sentence: 'an answer after 60 seconds is too late',
    steps: [HANDSHAKE[0]!, wait(60), annaGets(back(SYN | ACK), 'drop', UNKNOWN)],
    after: ['new TCP 10.0.0.1:40000 > 192.0.2.7:80 1+0'],
  },
  ...[9, 10].map((seconds) => ({
    sentence: `a closing connection after ${seconds} seconds`,
    steps: [
      ...HANDSHAKE,
      annaSends(out(FIN | ACK), 'pass' as const),
      annaGets(back(FIN | ACK), 'pass' as const),
      wait(seconds),
      seconds < 10 ? annaSends(out(ACK), 'pass') : annaSends(out(ACK), 'drop', UNKNOWN),
    ],
    after: [`${FLOW} ${seconds < 10 ? 4 : 3}+2, answered, initiator finished, responder finished`],
  })),
  {
    sentence: 'a connection that was reset is forgotten after 10 seconds',
    steps: [
      ...HANDSHAKE,
      annaGets(back(RST), 'pass'),
      wait(10),
      annaSends(out(ACK), 'drop', UNKNOWN),
    ],
    after: [`${FLOW} 2+2, answered, reset`],
  },
  {
    sentence: 'a RST that nobody heeds, forged or not, does not shorten a connection',
    steps: [
      ...HANDSHAKE,
      annaGets(back(RST), 'pass'),
      annaSends(out(ACK), 'pass'),
      wait(10),
      annaSends(out(ACK), 'pass'),
    ],
    after: [`${FLOW} 4+2, answered`],
  },
  {
    sentence: 'an answer to a datagram passes for less than 60 seconds',
    before: closeIngress,
    steps: [UDP_OUT, wait(59), annaGets(UDP_BACK, 'pass')],
    after: ['new UDP 10.0.0.1:40000 > 192.0.2.7:53 1+1, answered'],
  },
  {
    sentence: 'and is a stranger after them',
    before: closeIngress,
    steps: [UDP_OUT, wait(60), annaGets(UDP_BACK, 'drop', DropReason.PolicyDenied)],
    after: ['new UDP 192.0.2.7:53 > 10.0.0.1:40000 denied: policy denied'],
  },
];
