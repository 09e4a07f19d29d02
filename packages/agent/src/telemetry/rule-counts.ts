/** What each rule allowed and dropped, as events tell of it; so many rules and no more. */
import { RULES_COUNTED_MAX } from '@skep/contract';
import type { FlowView } from '../views.ts';
import type { Sample } from './metric-definitions.ts';

/** What a rule is called that came when all names were taken. */
export const OTHER_RULES = 'other';

interface Count {
  readonly labels: Readonly<Record<'rule' | 'direction', string>>;
  value: number;
}

/** Counts by rule since the agent was started; a policy that is deleted takes its rules along. */
export class RuleCounts {
  private readonly allowedByRule = new Map<string, Count>();
  private readonly droppedByRule = new Map<string, Count>();

  /** A flow as the flow log has it; one that no rule decided counts nowhere. */
  add({ verdict, rules, direction, count }: FlowView): void {
    for (const rule of rules) {
      if (verdict === 'forwarded') raise(this.allowedByRule, rule, '', 1);
      else raise(this.droppedByRule, rule, direction ?? '', count);
    }
  }

  /** Forgets rules of a policy, by `namespace/name` as their names begin with it. */
  forget(policy: string): void {
    for (const counts of [this.allowedByRule, this.droppedByRule]) {
      for (const [key, { labels }] of counts) {
        if (labels.rule.split(' ', 1)[0] === policy) counts.delete(key);
      }
    }
  }

  allowed(): Sample[] {
    return [...this.allowedByRule.values()].map(({ labels: { rule }, value }) => {
      return { labels: { rule }, value };
    });
  }

  dropped(): Sample[] {
    return [...this.droppedByRule.values()];
  }
}

function raise(counts: Map<string, Count>, rule: string, direction: string, by: number): void {
  const known = counts.get(`${direction} ${rule}`);
  if (known) {
    known.value += by;
    return;
  }
  const isRoom = counts.size < RULES_COUNTED_MAX || rule === OTHER_RULES;
  if (!isRoom) return raise(counts, OTHER_RULES, direction, by);
  counts.set(`${direction} ${rule}`, { labels: { rule, direction }, value: by });
}
