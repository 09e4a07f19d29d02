/**
 * Safe ports: what no policy of nodes can close, so that who runs a node does not lose it.
 *
 * Towards endpoints they are ports like others: the way to a node is from outside.
 */

import {
  type DecisionTable,
  type Direction,
  type DirectionTable,
  PolicyProtocol,
} from './decision-table.ts';
import { describePort } from './describe.ts';
import { HOST_LABEL, makeSelector } from './labels.ts';
import type { Rule, RuleSet } from './model.ts';

/** A port that stays open between the node and the world. */
export interface SafePort {
  /** `ingress`: at the node; `egress`: at who it talks to. */
  readonly direction: Direction;
  readonly protocol: PolicyProtocol.Tcp | PolicyProtocol.Udp | PolicyProtocol.Sctp;
  readonly port: number;
}

const { Tcp, Udp } = PolicyProtocol;

/**
 * The way in for who puts things right, and what an address and a name take: ssh; DHCP, which asks
 * from ports 68 and 546 at 67 and 547, of both families; DNS. Whatever else a node cannot live
 * without is for `--safe-port` and commit-confirm: time (NTP) is not lost within minutes, and each
 * port here is one that nobody can close.
 */
export const DEFAULT_SAFE_PORTS: readonly SafePort[] = [
  { direction: 'ingress', protocol: Tcp, port: 22 },
  { direction: 'ingress', protocol: Udp, port: 68 },
  { direction: 'ingress', protocol: Udp, port: 546 },
  { direction: 'egress', protocol: Udp, port: 67 },
  { direction: 'egress', protocol: Udp, port: 547 },
  { direction: 'egress', protocol: Udp, port: 53 },
  { direction: 'egress', protocol: Tcp, port: 53 },
];

/** `ingress TCP 22`. */
export function describeSafePort({ direction, protocol, port }: SafePort): string {
  return `${direction} ${describePort(protocol, port)}`;
}

/** The rules behind safe ports. */
export function safePortRuleSet(ports: readonly SafePort[]): RuleSet {
  return {
    name: 'safe ports',
    subject: makeSelector([{ ...HOST_LABEL, operator: 'Exists', values: [] }]),
    isAboutNodes: true,
    rules: ports.map(safePortRule),
    isIngressDefaultDeny: false,
    isEgressDefaultDeny: false,
  };
}

/** Everything is denied but safe ports, which are open to everybody. */
export function closedButForSafePorts(ports: readonly SafePort[]): DecisionTable {
  const towards = (direction: Direction): DirectionTable => {
    const segments = ports
      .filter((safe) => safe.direction === direction)
      .map(({ protocol, port }) => ({ protocol, first: port, last: port, isAllowAll: true }))
      .sort((a, b) => a.protocol - b.protocol || a.first - b.first);
    return { isEnforced: true, segments };
  };
  return { ingress: towards('ingress'), egress: towards('egress') };
}

function safePortRule(safe: SafePort): Rule {
  const { direction, protocol, port } = safe;
  return {
    name: `safe port ${describeSafePort(safe)}`,
    position: { file: 'built in', line: 1 },
    direction,
    action: 'safe',
    peers: [
      { kind: 'entity', entity: 'world' },
      { kind: 'entity', entity: 'remote-node' },
    ],
    ports: [{ kind: 'range', protocol, first: port, last: port }],
  };
}
