/** switch: a chain of comparisons, then the clauses, each falling into the next unless it ends. */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Block } from '../ir/ir.ts';
import { toInteger } from './convert.ts';
import type { Lowering } from './lowering.ts';
import { compareIntegers } from './operators.ts';
import type { Result } from './result.ts';
import { computed, u64Type } from './result.ts';

/** `switch (subject)`; a known subject leaves one clause. */
export function lowerSwitch(state: Lowering, node: ts.SwitchStatement, label: string | null): void {
  const { builder } = state;
  const { clauses } = node.caseBlock;
  const lowered = state.diagnostics.attempt(() => state.expression(node.expression));
  // The clauses of a refused subject are looked at all the same.
  const subject = lowered ?? computed(builder.constant(0, 64), u64Type);
  const starts = clauses.map(() => builder.makeBlock());
  const end = builder.makeBlock();
  clauses.forEach((clause, index) => {
    const start = starts[index]!;
    if (ts.isCaseClause(clause) && builder.isReachable) compare(state, subject, clause, start);
  });
  const other = clauses.findIndex((clause) => ts.isDefaultClause(clause));
  builder.jump(starts[other] ?? end);
  state.frame.jumps.push({ label, onBreak: end, onContinue: null });
  clauses.forEach((clause, index) => {
    builder.jump(starts[index]!);
    builder.sealAndStart(starts[index]!);
    state.statements(clause.statements);
  });
  state.frame.jumps.pop();
  builder.jump(end);
  builder.sealAndStart(end);
}

/** Goes to `start` where the subject is the clause's value, else on. */
function compare(state: Lowering, subject: Result, clause: ts.CaseClause, start: Block): void {
  const { builder } = state;
  const wanted = state.expression(clause.expression);
  if (subject.kind === 'known' && wanted.kind === 'known') {
    if (subject.value === wanted.value) builder.jump(start);
    return;
  }
  if (subject.kind === 'group') return refuse(clause, 'notAValue', 'an object');
  const next = builder.makeBlock();
  state.at(clause);
  if (subject.kind === 'computed') toInteger(state, subject, clause);
  const { left, right } = compareIntegers(state, 'eq', subject, wanted, clause);
  builder.branch('eq', left, right, start, next);
  builder.sealAndStart(next);
}
