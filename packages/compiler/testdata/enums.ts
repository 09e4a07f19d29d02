import { enumOf, HashMap, Struct, TcAction, type TcContext, u32, u8 } from '@skep/ebpf';

export enum Verdict { Forwarded = 1, Dropped = 2, Audited = 5 }
export const enum Direction { Ingress = 0, Egress = 1 }
export class Rule extends Struct({ verdict: enumOf(u8, Verdict), direction: u8 }) {}
export const rules = new HashMap({ name: 'rules', key: u32, value: Rule, maxEntries: 8 });

function actionOf(verdict: Verdict): TcAction {
  switch (verdict) {
    case Verdict.Forwarded:
      return TcAction.Next;
    case Verdict.Audited:
      return TcAction.Pass;
    default:
      return TcAction.Drop;
  }
}
export function decide(ctx: TcContext): TcAction {
  const rule = rules.lookup(ctx.mark);
  if (!rule || rule.direction !== Direction.Egress) return TcAction.Drop;
  return actionOf(rule.verdict);
}
