/**
 * Which rule decides about a flow, and why. Works on the rules themselves, for people; the datapath
 * decides by tables, and the two are tested against each other.
 */

import type { Direction, PolicyProtocol } from './decision-table.ts';
import type { PortMatch, Rule, RuleAction, RuleSet, SourcePosition, Subject } from './model.ts';
import { memberMatches, type PeerFacts } from './peer-selectors.ts';

/** The first packet of a flow, seen from the subject. */
export interface Flow {
  readonly direction: Direction;
  /** Source on ingress, destination on egress. */
  readonly peer: PeerFacts;
  readonly protocol: PolicyProtocol;
  /** Destination port, or ICMP type, or 0. */
  readonly port: number;
}

/** Why a flow is allowed or denied. */
export enum DecisionReason {
  /** No policy selects the subject in this direction. */
  NotSelected = 'no policy selects the endpoint',
  /** Policies select it, but none of them makes deny the default. */
  NoDefaultDeny = 'no policy denies by default',
  /** Allowed whatever documents say. */
  Safe = 'a safe port',
  AllowedByRule = 'allowed by a rule',
  DeniedByRule = 'denied by a rule',
  NoRuleMatches = 'no rule matches',
}

/** A rule by its name, and where it was written. */
export interface RuleReference {
  readonly name: string;
  readonly position: SourcePosition;
}

/** See `decide`. */
export interface Decision {
  readonly verdict: 'allow' | 'deny';
  readonly reason: DecisionReason;
  /** The rules that decided, in the order of their documents; empty where none did. */
  readonly rules: readonly RuleReference[];
  /** Where nothing matched: the rule sets that make deny the default. */
  readonly enforcedBy: readonly string[];
  /** Rules that would have decided had the peer, or the port, been another one. */
  readonly nearMisses: readonly NearMiss[];
}

/** A rule that one thing kept from matching. */
export interface NearMiss extends RuleReference {
  readonly action: RuleAction;
  readonly mismatch: 'peer' | 'port';
  readonly rule: Rule;
}

/** Decides about the first packet of a flow; replies belong to conntrack. */
export function decide(
  ruleSets: readonly RuleSet[],
  implicitRules: readonly Rule[],
  subject: Subject,
  flow: Flow,
): Decision {
  const enforcers = ruleSets.filter((ruleSet) =>
    flow.direction === 'ingress' ? ruleSet.isIngressDefaultDeny : ruleSet.isEgressDefaultDeny,
  );
  const enforcedBy = enforcers.map(({ name }) => name);
  const isDirection = (rule: Rule) => rule.direction === flow.direction;
  const written = ruleSets.flatMap((ruleSet) => ruleSet.rules.filter(isDirection));
  const matching = [...written, ...implicitRules.filter(isDirection)].filter((rule) =>
    ruleMatches(rule, subject, flow),
  );
  const made = (verdict: 'allow' | 'deny', reason: DecisionReason, by: readonly Rule[]) => ({
    verdict,
    reason,
    rules: by.map(({ name, position }) => ({ name, position })),
    enforcedBy,
    nearMisses: by.length > 0 ? [] : nearMissesOf(written.filter(isOfDocument), subject, flow),
  });
  const saying = (action: RuleAction) => matching.filter((rule) => rule.action === action);
  const [safe, denying, allowing] = [saying('safe'), saying('deny'), saying('allow')];
  if (safe.length > 0 && (denying.length > 0 || enforcers.length > 0)) {
    return made('allow', DecisionReason.Safe, safe);
  }
  if (denying.length > 0) return made('deny', DecisionReason.DeniedByRule, denying);
  if (enforcers.length === 0) {
    const isSelected = written.some(isOfDocument);
    const reason = isSelected ? DecisionReason.NoDefaultDeny : DecisionReason.NotSelected;
    return made('allow', reason, []);
  }
  if (allowing.length > 0) return made('allow', DecisionReason.AllowedByRule, allowing);
  return made('deny', DecisionReason.NoRuleMatches, []);
}

function isOfDocument(rule: Rule): boolean {
  return rule.action !== 'safe';
}

function ruleMatches(rule: Rule, subject: Subject, flow: Flow): boolean {
  return rulePortMatches(rule, subject, flow) && rulePeerMatches(rule, flow);
}

function rulePeerMatches(rule: Rule, flow: Flow): boolean {
  return rule.peers.some((selector) => memberMatches(selector, flow.peer));
}

function rulePortMatches(rule: Rule, subject: Subject, flow: Flow): boolean {
  return rule.ports.some((port) => portMatches(port, subject, flow));
}

function portMatches(port: PortMatch, subject: Subject, flow: Flow): boolean {
  if (port.kind === 'any') return true;
  if (port.protocol !== flow.protocol) return false;
  if (port.kind === 'range') return flow.port >= port.first && flow.port <= port.last;
  // A name means what the destination calls so.
  const owner = flow.direction === 'ingress' ? subject : flow.peer;
  return (owner.namedPorts ?? []).some(
    (own) => own.name === port.name && own.protocol === port.protocol && own.port === flow.port,
  );
}

function nearMissesOf(rules: readonly Rule[], subject: Subject, flow: Flow): NearMiss[] {
  return rules.flatMap((rule): NearMiss[] => {
    const isPeer = rulePeerMatches(rule, flow);
    const isPort = rulePortMatches(rule, subject, flow);
    if (isPeer === isPort) return [];
    const { name, position, action } = rule;
    return [{ name, position, action, mismatch: isPeer ? 'port' : 'peer', rule }];
  });
}
