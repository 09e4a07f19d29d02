/** What `host`, `net` and `ether host` mean. Names are not resolved. */
import { EtherType, parseAddress } from '@skep/wire';
import type { Direction, Operand, Qualifiers } from '../language/syntax.ts';
import { all, any, both, type Condition, either, equals } from './condition.ts';
import { type Expression, load } from './expression.ts';
import type { Link } from './link.ts';
import { Refusal } from './refusal.ts';

/** Where the two addresses are: behind the payload's start. */
interface Places {
  readonly source: number;
  readonly destination: number;
}

const IPV4: Places = { source: 12, destination: 16 };
const IPV6: Places = { source: 8, destination: 24 };
const ARP: Places = { source: 14, destination: 24 };
const MAC: Places = { source: 6, destination: 0 };

const ipv4Layers = {
  ip: [EtherType.IPv4, IPV4],
  arp: [EtherType.ARP, ARP],
  rarp: [0x8035, ARP],
} as const;

/** `host`, `net`, and a value with a direction only. @throws Refusal */
export function hostCondition(link: Link, qualifiers: Qualifiers, operand: Operand): Condition {
  if (operand.kind === 'mac') return macCondition(qualifiers, operand);
  if (operand.kind === 'name') return refuseName(qualifiers, operand);
  if (qualifiers.protocol === 'ether') {
    throw new Refusal(operand.column, 'an IP address behind ether', 'a MAC address');
  }
  const isNet = qualifiers.kind === 'net';
  if (operand.kind === 'ipv6') return ipv6Condition(link, qualifiers, operand, isNet);
  const { address, mask } =
    operand.kind === 'number' ? fromNumber(operand.value, isNet) : fromText(operand, isNet);
  return ipv4Condition(link, qualifiers, operand.column, address, mask);
}

/** `ip broadcast`: all zeros or all ones in what the mask of the network leaves open. */
export function ipv4Broadcast(link: Link, netmask: number): Condition {
  const host = ~netmask >>> 0;
  const destination = link.bytes(4, IPV4.destination);
  return both(
    link.carries(EtherType.IPv4),
    either(equals(destination, 0, host), equals(destination, host, host)),
  );
}

/** The first byte of the destination address. */
export function destinationByte(link: Link, version: 4 | 6): Expression {
  return link.bytes(1, (version === 4 ? IPV4 : IPV6).destination);
}

/** Whether the frame is to, or from, this MAC address. */
export function hasMac(bytes: Uint8Array, direction: Direction = 'either'): Condition {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return inDirection(direction, MAC, (place) =>
    both(equals(load(4, place + 2), view.getUint32(2)), equals(load(2, place), view.getUint16(0))),
  );
}

function inDirection(
  direction: Direction,
  places: Places,
  test: (place: number) => Condition,
): Condition {
  if (direction === 'src') return test(places.source);
  if (direction === 'dst') return test(places.destination);
  const [source, destination] = [test(places.source), test(places.destination)];
  return direction === 'both' ? both(source, destination) : either(source, destination);
}

function ipv4Condition(
  link: Link,
  { protocol, direction = 'either' }: Qualifiers,
  column: number,
  address: number,
  mask: number,
): Condition {
  const test = (layer: keyof typeof ipv4Layers): Condition => {
    const [type, places] = ipv4Layers[layer];
    return inDirection(direction, places, (place) =>
      both(link.carries(type), equals(link.bytes(4, place), address, mask)),
    );
  };
  if (protocol === undefined) return any(test('ip'), test('arp'), test('rarp'));
  if (protocol === 'ip' || protocol === 'arp' || protocol === 'rarp') return test(protocol);
  throw new Refusal(column, `an IPv4 address behind ${protocol}`, 'ip, arp, rarp or nothing');
}

function ipv6Condition(
  link: Link,
  { protocol, direction = 'either' }: Qualifiers,
  operand: Extract<Operand, { kind: 'ipv6' }>,
  isNet: boolean,
): Condition {
  const { text, column, length = 128 } = operand;
  if (protocol !== undefined && protocol !== 'ip6') {
    throw new Refusal(column, `an IPv6 address behind ${protocol}`, 'ip6 or nothing');
  }
  if (length > 128) throw new Refusal(column, `/${length}`, 'a length of at most 128');
  if (!isNet && length !== 128) {
    throw new Refusal(column, `${text}/${length}`, 'net before it', 'a host has no length');
  }
  const bytes = parseAddress(text).bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const words = [0, 4, 8, 12].map((offset) => ({
    offset,
    value: view.getUint32(offset),
    mask: maskOf(Math.min(32, Math.max(0, length - offset * 8))),
  }));
  if (words.some(({ value, mask }) => (value & ~mask) !== 0)) refuseHostBits(operand, length);
  return inDirection(direction, IPV6, (place) =>
    all(
      link.carries(EtherType.IPv6),
      ...words.map(({ offset, value, mask }) => equals(link.bytes(4, place + offset), value, mask)),
    ),
  );
}

const ALL_BITS = 0xffff_ffff;

/** The first bits of 32. */
function maskOf(length: number): number {
  return length === 0 ? 0 : (ALL_BITS << (32 - length)) >>> 0;
}

interface Masked {
  readonly address: number;
  readonly mask: number;
}

/** `net 10` is 10.0.0.0/8; `host 10` is 0.0.0.10. */
function fromNumber(value: number, isNet: boolean): Masked {
  let [address, mask] = [value, ALL_BITS];
  while (isNet && address !== 0 && address >>> 24 === 0) {
    address = (address << 8) >>> 0;
    mask = (mask << 8) >>> 0;
  }
  return { address, mask };
}

function fromText(operand: Extract<Operand, { kind: 'ipv4' }>, isNet: boolean): Masked {
  const { text, mask, column } = operand;
  const { address, length } = parseParts(text, column);
  if (mask === undefined) return { address, mask: maskOf(length) };
  if (!isNet) throw new Refusal(column, `${text} with a mask`, 'net before it');
  if (typeof mask === 'number' && mask > 32) {
    throw new Refusal(column, `/${mask}`, 'a length of at most 32');
  }
  const bits = typeof mask === 'number' ? maskOf(mask) : parseParts(mask, column).address;
  if ((address & ~bits) !== 0) refuseHostBits(operand, mask);
  return { address, mask: bits };
}

/** One to four decimal parts, the first ones of the address; zeros follow. */
function parseParts(text: string, column: number): { address: number; length: number } {
  const parts = text.split('.');
  let address = 0;
  for (const part of parts) {
    if (!/^\d+$/.test(part) || Number(part) > 255) {
      throw new Refusal(column, `'${text}'`, 'parts from 0 to 255');
    }
    address = address * 256 + Number(part);
  }
  const length = parts.length * 8;
  return { address: (address * 2 ** (32 - length)) >>> 0, length };
}

function refuseHostBits(
  { text, column }: Operand & { text: string },
  mask: number | string,
): never {
  const found = typeof mask === 'number' ? `${text}/${mask}` : `${text} mask ${mask}`;
  throw new Refusal(column, found, 'no bits behind the mask');
}

function macCondition(qualifiers: Qualifiers, operand: Operand & { text: string }): Condition {
  const { protocol, kind, direction } = qualifiers;
  if (protocol !== 'ether' || (kind !== undefined && kind !== 'host')) {
    const found = `the MAC address '${operand.text}'`;
    throw new Refusal(operand.column, found, 'ether before it', 'write: ether host MAC');
  }
  return hasMac(parseMacText(operand.text), direction);
}

/** Pairs or fours of digits; a pair may lack its first digit. */
function parseMacText(text: string): Uint8Array {
  const isPairs = /^[0-9A-Fa-f]{1,2}([-:.][0-9A-Fa-f]{1,2}){5}$/.test(text);
  const pairs = isPairs ? text.split(/[-:.]/) : text.replaceAll('.', '').match(/../g)!;
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

function refuseName(
  { protocol, kind }: Qualifiers,
  { text, column }: Operand & { text: string },
): never {
  const isMac = protocol === 'ether';
  const expected = isMac ? 'a MAC address' : kind === 'net' ? 'a network' : 'an address';
  const example = isMac ? '02:00:00:00:00:01' : kind === 'net' ? '10.0.0.0/8' : '10.0.0.1';
  const advice = `names are not resolved: write the address, such as ${example}`;
  throw new Refusal(column, `the name '${text}'`, expected, advice);
}
