/**
 * What `tcp[13] & 2 != 0` means. Bytes of a protocol are there only in packets of that protocol, so
 * that a relation first asks for these. Of a sum only the left side is asked, which is libpcap's
 * way: `1 + tcp[13] = 3` reads that byte of any packet.
 */
import { IpProtocol } from '@skep/wire';
import type { Arithmetic, ArithmeticOperator, Syntax } from '../language/syntax.ts';
import { both, compare, type Condition, not } from './condition.ts';
import {
  binary,
  type Expression,
  type ExpressionOperator,
  load,
  negate,
  number,
} from './expression.ts';
import type { Link } from './link.ts';
import {
  hasIpv6Protocol,
  isFirstFragment,
  isIpv4,
  isIpv6,
  protocolCondition,
} from './protocols.ts';
import { Refusal } from './refusal.ts';

/** A number, and what must hold before it is computed. */
interface Guarded {
  readonly value: Expression;
  readonly guard: Condition | null;
}

const operators: Readonly<Record<ArithmeticOperator, ExpressionOperator>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '&': 'and',
  '|': 'or',
  '^': 'xor',
  '<<': 'shl',
  '>>': 'shr',
};

/** Protocols whose bytes begin with the link's payload. */
const payloadWords = [
  'ip',
  'ip6',
  'arp',
  'rarp',
  'atalk',
  'decnet',
  'sca',
  'lat',
  'moprc',
  'mopdl',
];
/** Protocols whose bytes begin behind the IPv4 header, and are read only in IPv4. */
const transportWords = ['tcp', 'udp', 'sctp', 'icmp', 'igmp', 'igrp', 'pim', 'vrrp', 'carp'];
const IPV6_LENGTH = 40;
const SHIFT_MAX = 31;

/** The condition of a relation. @throws Refusal */
export function relationCondition(
  link: Link,
  relation: Extract<Syntax, { kind: 'relation' }>,
): Condition {
  const left = meaningOf(link, relation.left);
  const right = meaningOf(link, relation.right);
  const compared = compareBy(relation.operator, left.value, right.value);
  const guard = join(left.guard, right.guard);
  return guard ? both(guard, compared) : compared;
}

function compareBy(operator: string, left: Expression, right: Expression): Condition {
  switch (operator) {
    case '>':
      return compare('gt', left, right);
    case '>=':
      return compare('ge', left, right);
    case '<':
      return not(compare('ge', left, right));
    case '<=':
      return not(compare('gt', left, right));
    case '!=':
      return not(compare('eq', left, right));
    default:
      return compare('eq', left, right);
  }
}

function join(first: Condition | null, second: Condition | null): Condition | null {
  return first && second ? both(first, second) : (first ?? second);
}

function meaningOf(link: Link, arithmetic: Arithmetic): Guarded {
  switch (arithmetic.kind) {
    case 'number':
      return { value: number(arithmetic.value), guard: null };
    case 'length':
      return { value: { kind: 'length' }, guard: null };
    case 'negate': {
      const { value, guard } = meaningOf(link, arithmetic.of);
      return { value: negate(value), guard };
    }
    case 'bytes':
      return bytesOf(link, arithmetic);
    case 'binary': {
      const left = meaningOf(link, arithmetic.left);
      const right = meaningOf(link, arithmetic.right);
      refuseUseless(arithmetic);
      const value = binary(operators[arithmetic.operator], left.value, right.value);
      return { value, guard: left.guard };
    }
  }
}

/** What is computed may be 0 or a shift too far, with the effect of these; written it is wrong. */
function refuseUseless({ operator, right }: Extract<Arithmetic, { kind: 'binary' }>): void {
  if (right.kind !== 'number') return;
  if ((operator === '/' || operator === '%') && right.value === 0) {
    throw new Refusal(right.column, 'a division by zero', 'another divisor');
  }
  if ((operator === '<<' || operator === '>>') && right.value > SHIFT_MAX) {
    throw new Refusal(right.column, `a shift by ${right.value}`, `at most ${SHIFT_MAX}`);
  }
}

function bytesOf(link: Link, bytes: Extract<Arithmetic, { kind: 'bytes' }>): Guarded {
  const { protocol, column } = bytes;
  const size = bytes.size as 1 | 2 | 4;
  const { value: index, guard } = meaningOf(link, bytes.index);
  if (protocol === 'ether') return { value: load(size, 0, index), guard };
  if (payloadWords.includes(protocol)) {
    const own = protocolCondition(link, protocol, column);
    return { value: link.bytes(size, 0, index), guard: join(guard, own) };
  }
  if (protocol === 'icmp6') {
    const own = both(isIpv6(link), hasIpv6Protocol(link, IpProtocol.ICMPv6));
    return { value: link.bytes(size, IPV6_LENGTH, index), guard: join(guard, own) };
  }
  if (!transportWords.includes(protocol)) {
    const advice = 'count from the start of the frame: ether[N]';
    throw new Refusal(column, `${protocol}[`, 'a protocol whose header is found', advice);
  }
  const own = both(protocolCondition(link, protocol, column), isFirstFragment(link));
  const value = behindIpv4(link, size, index);
  return { value, guard: both(isIpv4(link), join(guard, own)!) };
}

/** A constant index is a part of the offset; what is computed is added to the header's length. */
function behindIpv4(link: Link, size: 1 | 2 | 4, index: Expression): Expression {
  const header = link.ipv4HeaderLength();
  if (index.kind === 'number' && index.value <= 0xffff)
    return link.bytes(size, index.value, header);
  return link.bytes(size, 0, binary('add', header, index));
}
