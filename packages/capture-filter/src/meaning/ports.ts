/**
 * What `port` and `portrange` mean. Of fragments only the first has ports; in IPv6 the transport
 * must follow the fixed header at once.
 */
import { IpProtocol } from '@skep/wire';
import { type PortName, portNames } from '../language/names.ts';
import type { Direction, Operand, Qualifiers } from '../language/syntax.ts';
import { all, any, both, compare, type Condition, either, equals, not } from './condition.ts';
import { type Expression, number } from './expression.ts';
import type { Link } from './link.ts';
import { hasIpv4Protocol, hasIpv6Protocol, isFirstFragment, isIpv4, isIpv6 } from './protocols.ts';
import { Refusal } from './refusal.ts';

const PORT_MAX = 65535;
const IPV6_LENGTH = 40;
const transports = { tcp: IpProtocol.TCP, udp: IpProtocol.UDP, sctp: IpProtocol.SCTP } as const;
type TransportName = keyof typeof transports;

/** What one port is asked. */
type PortTest = (port: Expression) => Condition;

/** `port N` and `portrange N-M`, alone or behind tcp, udp or sctp. @throws Refusal */
export function portCondition(link: Link, qualifiers: Qualifiers, operand: Operand): Condition {
  const { protocol, direction = 'either', kind } = qualifiers;
  if (protocol !== undefined && !Object.hasOwn(transports, protocol)) {
    throw new Refusal(operand.column, `${kind} behind ${protocol}`, 'tcp, udp, sctp or nothing');
  }
  const own = protocol as TransportName | undefined;
  const [test, named] = kind === 'port' ? portTest(operand) : rangeTest(operand);
  if (own !== undefined && named !== undefined && own !== named) {
    throw new Refusal(operand.column, `a port of ${named} behind ${own}`, `a port of ${own}`);
  }
  const numbers = transportNumbers(own ?? named);
  return either(overIpv6(link, numbers, direction, test), overIpv4(link, numbers, direction, test));
}

/** In the order in which they are asked. */
function transportNumbers(name: TransportName | undefined): readonly number[] {
  if (name !== undefined) return [transports[name]];
  return [transports.sctp, transports.tcp, transports.udp];
}

function overIpv4(
  link: Link,
  numbers: readonly number[],
  direction: Direction,
  test: PortTest,
): Condition {
  const port = (offset: number): Expression => link.bytes(2, offset, link.ipv4HeaderLength());
  const ports = inDirection(direction, test(port(0)), test(port(2)));
  const each = numbers.map((protocol) =>
    all(hasIpv4Protocol(link, protocol), isFirstFragment(link), ports),
  );
  return both(isIpv4(link), any(...each));
}

function overIpv6(
  link: Link,
  numbers: readonly number[],
  direction: Direction,
  test: PortTest,
): Condition {
  const port = (offset: number): Expression => link.bytes(2, IPV6_LENGTH + offset);
  const ports = inDirection(direction, test(port(0)), test(port(2)));
  const each = numbers.map((protocol) => both(hasIpv6Protocol(link, protocol), ports));
  return both(isIpv6(link), any(...each));
}

function inDirection(direction: Direction, source: Condition, destination: Condition): Condition {
  if (direction === 'src') return source;
  if (direction === 'dst') return destination;
  return direction === 'both' ? both(source, destination) : either(source, destination);
}

type Named = readonly [PortTest, TransportName | undefined];

function portTest(operand: Operand): Named {
  const { port, protocol } = portOf(operand);
  return [(found) => equals(found, port), protocol];
}

function rangeTest(operand: Operand): Named {
  const [first, last] = rangeEnds(operand);
  const [low, high] = first.port <= last.port ? [first.port, last.port] : [last.port, first.port];
  const test: PortTest = (found) =>
    both(compare('ge', found, number(low)), not(compare('gt', found, number(high))));
  return [test, first.protocol === last.protocol ? first.protocol : undefined];
}

function rangeEnds(operand: Operand): readonly [PortName, PortName] {
  if (operand.kind === 'number') return [portOf(operand), portOf(operand)];
  const { text, column } = operand;
  const parts = /^(\d+)-(\d+)$/.exec(text);
  if (operand.kind === 'name' && parts) {
    const [first, last] = [Number(parts[1]), Number(parts[2])];
    const numbers = [first, last].map((port) => inRange(port, column)) as [number, number];
    return [{ port: numbers[0] }, { port: numbers[1] }];
  }
  // Names may have a hyphen of their own: the range is cut where both halves are known.
  for (let at = text.indexOf('-'); at > 0; at = text.indexOf('-', at + 1)) {
    const [first, last] = [portNames[text.slice(0, at)], portNames[text.slice(at + 1)]];
    if (first && last) return [first, last];
  }
  throw new Refusal(column, `'${text}'`, 'a range of ports such as 8000-8080');
}

function portOf(operand: Operand): PortName {
  if (operand.kind === 'number') return { port: inRange(operand.value, operand.column) };
  const { text, column } = operand;
  if (operand.kind !== 'name') throw new Refusal(column, `'${text}'`, 'a port');
  if (Object.hasOwn(portNames, text)) return portNames[text]!;
  const expected = 'a port’s number or a name that Skep knows';
  throw new Refusal(column, `'${text}'`, expected, 'its number is always understood');
}

function inRange(port: number, column: number): number {
  if (port <= PORT_MAX) return port;
  throw new Refusal(column, `port ${port}`, `a port of at most ${PORT_MAX}`);
}
