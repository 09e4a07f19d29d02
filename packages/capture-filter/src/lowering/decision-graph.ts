/**
 * A condition as a graph of comparisons: each leads to two others, or to an end. What a comparison
 * on the way here has already answered is not asked again.
 */
import { type Condition, holds, type Relation } from '../meaning/condition.ts';
import { type Expression, printExpression } from '../meaning/expression.ts';

/** One comparison, and where its answers lead. */
export interface Test {
  readonly kind: 'test';
  readonly relation: Relation;
  readonly left: Expression;
  readonly right: Expression;
  /** The left side as text. */
  readonly subject: string;
  /** The whole comparison as text: two that ask the same have the same. */
  readonly text: string;
  ifTrue: Decision;
  ifFalse: Decision;
}

/** The answer to all. */
export interface End {
  readonly kind: 'end';
  readonly matches: boolean;
}

/** A place in the graph. */
export type Decision = Test | End;

const MATCH: End = { kind: 'end', matches: true };
const MISS: End = { kind: 'end', matches: false };

/** Where the decision begins. */
export function decisionGraph(condition: Condition): Decision {
  let root = build(condition, MATCH, MISS);
  // Each may make room for the other; a graph that neither makes smaller is done.
  for (let before = Infinity, now = inOrder(root).length; now < before; ) {
    shorten(root);
    root = share(root);
    before = now;
    now = inOrder(root).length;
  }
  return root;
}

function build(condition: Condition, ifTrue: Decision, ifFalse: Decision): Decision {
  switch (condition.kind) {
    case 'constant':
      return condition.value ? ifTrue : ifFalse;
    case 'not':
      return build(condition.of, ifFalse, ifTrue);
    case 'and':
      return build(condition.left, build(condition.right, ifTrue, ifFalse), ifFalse);
    case 'or':
      return build(condition.left, ifTrue, build(condition.right, ifTrue, ifFalse));
    case 'compare': {
      const { relation, left, right } = condition;
      const subject = printExpression(left);
      const text = `${subject} ${relation} ${printExpression(right)}`;
      return { kind: 'test', relation, left, right, subject, text, ifTrue, ifFalse };
    }
  }
}

/** The tests that can be reached, each before those that it leads to. */
export function inOrder(root: Decision): Test[] {
  const order: Test[] = [];
  const seen = new Set<Decision>();
  // No recursion: a filter may be a chain of thousands of tests.
  const open: { node: Decision; isLeft: boolean }[] = [{ node: root, isLeft: false }];
  for (let top = open.pop(); top; top = open.pop()) {
    const { node, isLeft } = top;
    if (node.kind === 'end') continue;
    if (isLeft) {
      order.push(node);
      continue;
    }
    if (seen.has(node)) continue;
    seen.add(node);
    open.push({ node, isLeft: true });
    open.push({ node: node.ifTrue, isLeft: false }, { node: node.ifFalse, isLeft: false });
  }
  return order.reverse();
}

/** What is known of one expression: its value, or some that it has not. */
interface Fact {
  readonly is?: number;
  readonly isNot: ReadonlySet<number>;
}

/**
 * Answers and values that a fact remembers, each: with more of them a long filter would take the
 * square of its length, and those that help are near. What is forgotten is asked again.
 */
const FACTS_MAX = 32;

/** By the text of the expression; answers by the text of the comparison. */
class Facts {
  constructor(
    private readonly values = new Map<string, Fact>(),
    private readonly answers = new Map<string, boolean>(),
  ) {}

  /** What is known when `test` has had this answer. */
  after(test: Test, answer: boolean): Facts {
    const next = new Facts(new Map(this.values), new Map(this.answers));
    if (test.relation === 'eq' && test.right.kind === 'number') {
      const key = test.subject;
      const isNot = this.values.get(key)?.isNot ?? new Set<number>();
      const { value } = test.right;
      const others = [...isNot].slice(1 - FACTS_MAX);
      next.values.set(key, answer ? { is: value, isNot } : { isNot: new Set([...others, value]) });
    } else {
      next.answers.set(test.text, answer);
      const [oldest] = next.answers.keys();
      if (next.answers.size > FACTS_MAX) next.answers.delete(oldest!);
    }
    return next;
  }

  /** The answer, if it is known already. */
  answerOf(test: Test): boolean | null {
    const known = this.answers.get(test.text);
    if (known !== undefined) return known;
    const fact = this.values.get(test.subject);
    if (!fact || test.right.kind !== 'number') return null;
    if (fact.is !== undefined) return holds(test.relation, fact.is, test.right.value);
    return test.relation === 'eq' && fact.isNot.has(test.right.value) ? false : null;
  }

  /** What is known on both ways. */
  meet(other: Facts): Facts {
    const values = new Map<string, Fact>();
    for (const [key, fact] of this.values) {
      const also = other.values.get(key);
      if (!also) continue;
      const isNot = new Set([...fact.isNot].filter((value) => excludes(also, value)));
      for (const value of also.isNot) if (excludes(fact, value)) isNot.add(value);
      values.set(key, fact.is === also.is ? { is: fact.is, isNot } : { isNot });
    }
    const answers = [...this.answers].filter(([key, answer]) => other.answers.get(key) === answer);
    return new Facts(values, new Map(answers));
  }
}

function excludes({ is, isNot }: Fact, value: number): boolean {
  return isNot.has(value) || (is !== undefined && is !== value);
}

/**
 * Leads each answer past the tests that it answers too. A test that is passed reads nothing that
 * was not read before, so that nothing is lost with it; one whose answer makes no difference stays,
 * since its read may.
 */
function shorten(root: Decision): void {
  const known = new Map<Decision, Facts>([[root, new Facts()]]);
  for (const test of inOrder(root)) {
    const facts = known.get(test);
    // Nothing leads here any more.
    if (!facts) continue;
    const lead = (answer: boolean, to: Decision): Decision => {
      const then = facts.after(test, answer);
      const target = past(to, then);
      const others = known.get(target);
      known.set(target, others ? others.meet(then) : then);
      return target;
    };
    test.ifTrue = lead(true, test.ifTrue);
    test.ifFalse = lead(false, test.ifFalse);
  }
}

/** The first place from here on whose answer is not known. */
function past(from: Decision, facts: Facts): Decision {
  let target = from;
  while (target.kind === 'test') {
    const answer = facts.answerOf(target);
    if (answer === null) break;
    target = answer ? target.ifTrue : target.ifFalse;
  }
  return target;
}

/** Tests that ask the same and lead to the same places become one. */
function share(root: Decision): Decision {
  const numbers = new Map<Decision, number>([
    [MATCH, 0],
    [MISS, 1],
  ]);
  const sameAs = new Map<Decision, Decision>();
  const firsts = new Map<string, Test>();
  const sharedOf = (to: Decision): Decision => sameAs.get(to) ?? to;
  for (const test of inOrder(root).reverse()) {
    test.ifTrue = sharedOf(test.ifTrue);
    test.ifFalse = sharedOf(test.ifFalse);
    const ends = `${numbers.get(test.ifTrue)} ${numbers.get(test.ifFalse)}`;
    const key = `${test.text} ? ${ends}`;
    const first = firsts.get(key);
    if (first) {
      sameAs.set(test, first);
    } else {
      firsts.set(key, test);
      numbers.set(test, numbers.size);
    }
  }
  return sharedOf(root);
}

/**
 * For each place: bytes without which no way from there leads to a match. A packet that is shorter
 * is refused there, whether by a read that fails or by an answer.
 */
export function bytesNeeded(order: readonly Test[]): Map<Decision, number> {
  const needed = new Map<Decision, number>([
    [MATCH, 0],
    [MISS, Infinity],
  ]);
  for (const test of [...order].reverse()) {
    const own = Math.max(bytesRead(test.left), bytesRead(test.right));
    const behind = Math.min(needed.get(test.ifTrue)!, needed.get(test.ifFalse)!);
    needed.set(test, Math.max(own, behind));
  }
  return needed;
}

/** Bytes from the packet's start that the expression cannot be computed without. */
function bytesRead(expression: Expression): number {
  switch (expression.kind) {
    case 'load':
      // Where there is an index, the read itself asks for all bytes at once.
      if (expression.index) return bytesRead(expression.index);
      return expression.offset + expression.size;
    case 'negate':
      return bytesRead(expression.of);
    case 'binary':
      return Math.max(bytesRead(expression.left), bytesRead(expression.right));
    default:
      return 0;
  }
}
