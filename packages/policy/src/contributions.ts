/** A rule in the form that port plans take in: one selector, one range of ports at a time. */

import type { Direction, PolicyProtocol } from './decision-table.ts';
import type { NamedPort, Rule, RuleAction } from './model.ts';
import type { PortRange } from './parts.ts';
import { type MemberSelector, portNameKey } from './peer-selectors.ts';

/** See above. */
export interface Contribution {
  readonly direction: Direction;
  readonly action: RuleAction;
  readonly range: PortRange;
  readonly selector: MemberSelector;
}

/** Numbers that peers gave to a name: by `portNameKey`. */
export type PortNames = ReadonlyMap<string, ReadonlyMap<number, unknown>>;

const ANY: PortRange = { protocol: 'any', first: 0, last: 0 };

/**
 * What a rule contributes for a subject with these named ports.
 *
 * A name means the port of the destination. On ingress that is the subject. On egress it is each
 * peer: for every number that some peer gave to the name, those peers that did and that the rule
 * selects are allowed (or denied) at that number.
 */
export function* contributionsOf(
  rule: Rule,
  namedPorts: readonly NamedPort[],
  names: PortNames,
): Generator<Contribution> {
  const { direction, action } = rule;
  for (const port of rule.ports) {
    if (port.kind === 'name' && direction === 'egress') {
      const numbers = names.get(portNameKey(port.name, port.protocol));
      for (const number of numbers?.keys() ?? []) yield* atNumber(rule, { ...port, port: number });
      continue;
    }
    const ranges =
      port.kind === 'any' ? [ANY] : port.kind === 'range' ? [port] : numbersOf(port, namedPorts);
    for (const { protocol, first, last } of ranges) {
      const range = { protocol, first, last };
      for (const selector of rule.peers) yield { direction, action, range, selector };
    }
  }
}

/** What a rule's egress contributes for one number of one name; nothing if it names others. */
export function* namedEgress(rule: Rule, named: NamedPort): Generator<Contribution> {
  if (rule.direction !== 'egress') return;
  for (const port of rule.ports) {
    if (port.kind !== 'name' || port.name !== named.name) continue;
    if (port.protocol === named.protocol) yield* atNumber(rule, named);
  }
}

function* atNumber(rule: Rule, { name, protocol, port }: NamedPort): Generator<Contribution> {
  const { direction, action } = rule;
  const range = { protocol, first: port, last: port };
  for (const base of rule.peers) {
    const selector: MemberSelector = { kind: 'named-port', base, port: { name, protocol, port } };
    yield { direction, action, range, selector };
  }
}

function numbersOf(
  port: { name: string; protocol: PolicyProtocol },
  namedPorts: readonly NamedPort[],
): PortRange[] {
  return namedPorts
    .filter((own) => own.name === port.name && own.protocol === port.protocol)
    .map((own) => ({ protocol: own.protocol, first: own.port, last: own.port }));
}
