/**
 * From what a filter says to what it asks of the bytes. The text is walked from left to right,
 * once: a `vlan` moves all that stands behind it, also behind an `or`.
 */
import { FilterError } from '../language/filter-error.ts';
import type { Syntax } from '../language/syntax.ts';
import { both, compare, type Condition, constant, either, equals, not } from './condition.ts';
import { destinationByte, hasMac, hostCondition, ipv4Broadcast } from './hosts.ts';
import { load, number } from './expression.ts';
import { Link } from './link.ts';
import { portCondition } from './ports.ts';
import { isIpv4, isIpv6, protoCondition, protocolCondition } from './protocols.ts';
import { Refusal } from './refusal.ts';
import { relationCondition } from './relations.ts';

/** What a filter cannot know from its own text. */
export interface MeaningOptions {
  /** The mask of the network, for `ip broadcast`: 0xffffff00. Default 0: no network is known. */
  readonly netmask?: number;
}

/** `broadcast` or `multicast`, with what stands before it. */
type LinkTest = Extract<Syntax, { kind: 'broadcast' | 'multicast' }>;

const ALL_ONES = Uint8Array.of(255, 255, 255, 255, 255, 255);
const IPV4_MULTICAST = 224;
const IPV6_MULTICAST = 255;

/** @throws FilterError when the filter says what cannot be */
export function meaningOfFilter(
  text: string,
  syntax: Syntax,
  options: MeaningOptions = {},
): Condition {
  try {
    return new Meaning(options).of(syntax);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { column, found, expected, advice } = error;
    throw new FilterError(text, column, found, expected, advice);
  }
}

class Meaning {
  private readonly link = new Link();

  constructor(private readonly options: MeaningOptions) {}

  of(syntax: Syntax): Condition {
    switch (syntax.kind) {
      case 'all':
        return constant(true);
      case 'and':
      case 'or': {
        const left = this.of(syntax.left);
        const right = this.of(syntax.right);
        return syntax.kind === 'and' ? both(left, right) : either(left, right);
      }
      case 'not':
        return not(this.of(syntax.of));
      case 'protocol':
        return protocolCondition(this.link, syntax.protocol, syntax.column);
      case 'relation':
        return relationCondition(this.link, syntax);
      case 'vlan':
        return this.link.enterVlan(syntax.id);
      case 'broadcast':
        return this.broadcast(syntax);
      case 'multicast':
        return this.multicast(syntax);
      case 'value':
        return this.value(syntax);
    }
  }

  private value({ qualifiers, operand }: Extract<Syntax, { kind: 'value' }>): Condition {
    const { kind } = qualifiers;
    if (kind === 'proto') return protoCondition(this.link, qualifiers, operand);
    if (kind === 'port' || kind === 'portrange') {
      return portCondition(this.link, qualifiers, operand);
    }
    return hostCondition(this.link, qualifiers, operand);
  }

  private broadcast({ protocol, column }: LinkTest): Condition {
    if (protocol === undefined || protocol === 'ether') return hasMac(ALL_ONES, 'dst');
    if (protocol === 'ip') return ipv4Broadcast(this.link, this.options.netmask ?? 0);
    throw new Refusal(column, `broadcast behind ${protocol}`, 'ether, ip or nothing');
  }

  private multicast({ protocol, column }: LinkTest): Condition {
    if (protocol === undefined || protocol === 'ether') return not(equals(load(1, 0), 0, 1));
    if (protocol === 'ip') {
      const byte = destinationByte(this.link, 4);
      return both(isIpv4(this.link), compare('ge', byte, number(IPV4_MULTICAST)));
    }
    if (protocol === 'ip6') {
      return both(isIpv6(this.link), equals(destinationByte(this.link, 6), IPV6_MULTICAST));
    }
    throw new Refusal(column, `multicast behind ${protocol}`, 'ether, ip, ip6 or nothing');
  }
}
