/** Both sides of a flow in words: who decides, by which rule, and what would change it. */

import { type Decision, DecisionReason, type NearMiss } from './decide.ts';
import type { Direction, PolicyProtocol } from './decision-table.ts';
import { describePeers, describePort, describePorts, describeRule } from './describe.ts';
import { HOST_LABEL, hasLabelKey } from './labels.ts';
import type { Subject } from './model.ts';
import type { PeerFacts } from './peer-selectors.ts';
import type { PolicySet } from './policy-set.ts';

/** One end of a flow. */
export interface Party {
  /** As messages call it. */
  readonly name: string;
  readonly facts: PeerFacts;
  /** Present where policy applies to it: for endpoints, not for the world. */
  readonly subject?: Subject | undefined;
}

/** What one side says. */
export interface SideExplanation extends Decision {
  /** One sentence. */
  readonly text: string;
  /** What would turn the verdict; a sentence each, the likeliest first. */
  readonly wouldChange: readonly string[];
}

/** What both sides say; a side is absent where its end is no endpoint. */
export interface Explanation {
  readonly verdict: 'allow' | 'deny';
  /** The sender's egress. */
  readonly egress?: SideExplanation;
  /** The receiver's ingress. */
  readonly ingress?: SideExplanation;
}

/** The question that `explain` answers. */
export interface ExplainedFlow {
  readonly from: Party;
  readonly to: Party;
  readonly protocol: PolicyProtocol;
  /** Destination port, or ICMP type, or 0. */
  readonly port: number;
}

/** Decides both sides of a flow: it passes if no side denies it. */
export function explain(policySet: PolicySet, flow: ExplainedFlow): Explanation {
  const egress = explainSide(policySet, flow, 'egress');
  const ingress = explainSide(policySet, flow, 'ingress');
  const isDenied = egress?.verdict === 'deny' || ingress?.verdict === 'deny';
  return {
    verdict: isDenied ? 'deny' : 'allow',
    ...(egress && { egress }),
    ...(ingress && { ingress }),
  };
}

function explainSide(
  policySet: PolicySet,
  { from, to, protocol, port }: ExplainedFlow,
  direction: Direction,
): SideExplanation | undefined {
  const [self, peer] = direction === 'egress' ? [from, to] : [to, from];
  if (!self.subject) return undefined;
  const flow = { direction, peer: peer.facts, protocol, port };
  const decision = policySet.decide(self.subject, flow);
  const portText = describePort(protocol, port);
  const verb = decision.verdict === 'allow' ? 'allows' : 'denies';
  const toward = direction === 'egress' ? `to ${peer.name}` : `from ${peer.name}`;
  const what = `${direction} of ${self.name} ${verb} ${portText} ${toward}`;
  const text = `${what}: ${reasonText(decision, self.subject)}`;
  return { ...decision, text, wouldChange: changesOf(decision, direction, peer.name, portText) };
}

function reasonText(decision: Decision, { labels }: Subject): string {
  const names = decision.rules.map(describeRule).join(', ');
  switch (decision.reason) {
    case DecisionReason.AllowedByRule:
      return `allowed by ${names}`;
    case DecisionReason.Safe:
      return `${names} stays open whatever policies say`;
    case DecisionReason.DeniedByRule:
      return `denied by ${names}`;
    case DecisionReason.NoRuleMatches:
      return `no rule of ${decision.enforcedBy.join(', ')} matches`;
    case DecisionReason.NotSelected: {
      const isNode = hasLabelKey(labels, HOST_LABEL.source, HOST_LABEL.key);
      return isNode ? 'no policy selects the node' : decision.reason;
    }
    default:
      return decision.reason;
  }
}

function changesOf(decision: Decision, direction: Direction, peer: string, port: string): string[] {
  const names = decision.rules.map(describeRule);
  switch (decision.reason) {
    case DecisionReason.AllowedByRule:
      return [`without ${names.join(' and ')} it would be denied`];
    case DecisionReason.Safe:
      return ['it would be decided by policies if it were no safe port'];
    case DecisionReason.DeniedByRule:
      return [`without ${names.join(' and ')} the other rules would decide`];
    case DecisionReason.NotSelected:
    case DecisionReason.NoDefaultDeny:
      return [`a policy that selects it for ${direction} would deny what its rules do not allow`];
    case DecisionReason.NoRuleMatches: {
      const near = decision.nearMisses
        .filter(({ action }) => action === 'allow')
        .map((miss) => nearMissText(miss, peer, port));
      const policies = decision.enforcedBy.join(' or ');
      return [...near, `an ${direction} rule in ${policies} for ${peer} at ${port} would allow it`];
    }
  }
}

function nearMissText(miss: NearMiss, peer: string, port: string): string {
  const rule = describeRule(miss);
  if (miss.mismatch === 'port') {
    return `${rule} allows ${peer}, but only at ${describePorts(miss.rule.ports)}, not at ${port}`;
  }
  return `${rule} allows ${port}, but only for ${describePeers(miss.rule.peers)}, not ${peer}`;
}
