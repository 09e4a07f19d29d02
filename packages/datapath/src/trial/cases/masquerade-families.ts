/** What the rows about masquerade share: the two families, and packets at the uplink. */
import { leaves, leaving, returning, returns, type Transport } from '../packet-case.ts';
import type { TrialTables } from '../tables.ts';
import {
  ANNA,
  BERT,
  MASQUERADE_PORT as PORT,
  setUpUplink,
  UPLINK_ADDRESS,
  UPLINK_ADDRESS6,
  WORLD_ADDRESS,
  WORLD_ADDRESS6,
} from '../world.ts';

/** The two families, by what the rows say of them. */
export const FAMILIES = [
  {
    name: 'IPv4',
    anna: ANNA.ipv4,
    bert: BERT.ipv4,
    world: WORLD_ADDRESS,
    node: UPLINK_ADDRESS,
    other: '192.0.2.8',
    echo: { request: 8, reply: 0 },
    icmp: 'ICMP',
  },
  {
    name: 'IPv6',
    anna: ANNA.ipv6,
    bert: BERT.ipv6,
    world: WORLD_ADDRESS6,
    node: UPLINK_ADDRESS6,
    other: '2001:db8::8',
    echo: { request: 128, reply: 129 },
    icmp: 'ICMPv6',
  },
] as const;
/** One of them. */
export type Family = (typeof FAMILIES)[number];

/** Turns masquerade on, with so many ports. */
export function withPorts(count: number): (tables: TrialTables) => void {
  return (tables) => setUpUplink(tables, count);
}

/** An address with its port, as `remembered` tells it. */
export function end(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A packet that leaves another way than it came. */
export function out(
  family: Family,
  before: Transport,
  after: Transport,
): ReturnType<typeof leaves> {
  const { anna, node, world } = family;
  return leaves(leaving(anna, world, before), leaving(node, world, after));
}

/** A packet that comes back, and what the node's stack gets. */
export function back(
  family: Family,
  before: Transport,
  after: Transport,
): ReturnType<typeof returns> {
  const { anna, node, world } = family;
  return returns(returning(world, node, before), returning(world, anna, after));
}

/** An ICMP echo. */
export function echo(type: number, identifier: number, length = 5): Transport {
  return { icmp: { type, identifier, sequence: 7 }, payload: new Uint8Array(length).fill(0x5a) };
}

/** How `remembered` tells a claim to the first port. */
export function claimer({ anna, node, world }: Family) {
  return (protocol: string, port: number, worldPort: number, of: string = anna): string => {
    return `${protocol} ${end(of, port)} as ${end(node, PORT)} > ${end(world, worldPort)}`;
  };
}
