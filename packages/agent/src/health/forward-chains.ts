/**
 * Whether a chain of netfilter drops what endpoints and the world send each other. Nothing is
 * evaluated: a chain that drops what it does not accept has to have rules that name the endpoints'
 * interfaces, one for each way; what else those ask is the matter of who wrote them.
 */
import type { ForwardChain, NetfilterRule } from '@skep/netlink';
import { HOST_INTERFACE_PREFIX } from '../devices/endpoint-device.ts';

/** As a property of a rule. */
type Way = 'input' | 'output';
const WAYS: readonly Way[] = ['input', 'output'];

const FAMILIES = { ip: 'IPv4', ip6: 'IPv6', inet: 'IPv4 and IPv6' } as const;
const IPTABLES = { ip: 'iptables', ip6: 'ip6tables', inet: undefined } as const;

/** Whether a base chain drops what none of its rules is about. */
export function isClosing({ policy }: ForwardChain, own: readonly NetfilterRule[]): boolean {
  return (own.find(decidesAll)?.verdict ?? policy) === 'drop';
}

/**
 * What a chain drops, with what to type.
 *
 * @param rules of all chains of its table, each chain's first to last
 */
export function checkForwardChain(
  base: ForwardChain,
  rules: readonly NetfilterRule[],
): string | undefined {
  if (!isClosing(base, rulesOf(base.chain, rules))) return undefined;
  const reached = reachedRules(base.chain, rules);
  const missing = WAYS.filter((way) => !reached.some((rule) => isAbout(rule, way)));
  if (missing.length === 0) return undefined;
  const { family, table, chain } = base;
  const found = `chain ${chain} of table ${family} ${table} drops ${FAMILIES[family]} between`;
  const cause = missing.map((way) => (way === 'input' ? 'comes from' : 'goes to')).join(' or ');
  const names = `${HOST_INTERFACE_PREFIX}+`;
  const advice = missing.map((way) => `\`${commandFor(base, way)}\``).join(' and ');
  return `${found} endpoints and the world: it accepts nothing that ${cause} ${names} (${advice})`;
}

function rulesOf(chain: string, rules: readonly NetfilterRule[]): readonly NetfilterRule[] {
  return rules.filter((rule) => rule.chain === chain);
}

/** What packets may come by, in chains that are jumped to as well. */
function reachedRules(base: string, rules: readonly NetfilterRule[]): NetfilterRule[] {
  const chains = new Set([base]);
  const reached: NetfilterRule[] = [];
  // A set that grows while it is read is read to its new end.
  for (const chain of chains) {
    const all = rulesOf(chain, rules);
    const end = all.findIndex(decidesAll);
    for (const rule of end < 0 ? all : all.slice(0, end)) {
      reached.push(rule);
      if (rule.target !== undefined) chains.add(rule.target);
    }
  }
  return reached;
}

/** Whether no packet comes to the rules after it. */
function decidesAll({ isUnconditional, verdict }: NetfilterRule): boolean {
  return isUnconditional && (verdict === 'accept' || verdict === 'drop');
}

function isAbout(rule: NetfilterRule, way: Way): boolean {
  const pattern = rule[way];
  if (!pattern?.endsWith('*') || (rule.verdict !== 'accept' && rule.verdict !== 'jump')) {
    return false;
  }
  return HOST_INTERFACE_PREFIX.startsWith(pattern.slice(0, -1));
}

function commandFor({ family, table, chain }: ForwardChain, way: Way): string {
  const command = IPTABLES[family];
  if (command && table === 'filter' && chain === 'FORWARD') {
    const option = way === 'input' ? '-i' : '-o';
    return `${command} -I FORWARD ${option} ${HOST_INTERFACE_PREFIX}+ -j ACCEPT`;
  }
  const key = way === 'input' ? 'iifname' : 'oifname';
  const rule = `${key} "${HOST_INTERFACE_PREFIX}*" accept`;
  return `nft 'insert rule ${family} ${table} ${chain} ${rule}'`;
}
