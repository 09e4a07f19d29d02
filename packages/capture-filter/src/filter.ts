/** A filter from its text to what can be run. */
import { parseFilter } from './language/parse-filter.ts';
import type { Syntax } from './language/syntax.ts';
import { type Decision, decisionGraph, inOrder } from './lowering/decision-graph.ts';
import { lowerFilter } from './lowering/lower-filter.ts';
import type { Exits, Matcher } from './lowering/matcher.ts';
import type { PacketReader } from './lowering/packet-reader.ts';
import type { Condition } from './meaning/condition.ts';
import { evaluateCondition } from './meaning/evaluate.ts';
import { type Expression, maximumOf } from './meaning/expression.ts';
import { type MeaningOptions, meaningOfFilter } from './meaning/meaning.ts';
import type { FunctionBuilder } from '@skep/compiler';

/** A filter of tcpdump's language: what it says, what it means, and how it decides. */
export class Filter implements Matcher {
  readonly reach: number;
  readonly ancillary: readonly string[] = [];
  private readonly root: Decision;

  constructor(
    readonly text: string,
    readonly syntax: Syntax,
    readonly condition: Condition,
  ) {
    this.root = decisionGraph(condition);
    const tests = inOrder(this.root);
    this.reach = Math.max(
      0,
      ...tests.flatMap(({ left, right }) => [reachOf(left), reachOf(right)]),
    );
  }

  emit(builder: FunctionBuilder, reader: PacketReader, exits: Exits): void {
    lowerFilter(builder, reader, this.root, exits);
  }

  /**
   * Decides in JavaScript, without any program.
   *
   * @param bytes what was captured, from the Ethernet header on
   * @param length what was sent; default: as many bytes as there are
   */
  matches(bytes: Uint8Array, length?: number): boolean {
    return evaluateCondition(this.condition, bytes, length);
  }
}

/**
 * Understands a filter of tcpdump's language, for Ethernet frames.
 *
 * @throws FilterError with the column, what was found, what was expected
 */
export function compileFilter(text: string, options: MeaningOptions = {}): Filter {
  const syntax = parseFilter(text);
  return new Filter(text, syntax, meaningOfFilter(text, syntax, options));
}

/** Bytes from the packet's start beyond which the expression does not read. */
function reachOf(expression: Expression): number {
  switch (expression.kind) {
    case 'load': {
      const { offset, size, index } = expression;
      if (!index) return offset + size;
      return Math.max(reachOf(index), offset + maximumOf(index) + size);
    }
    case 'negate':
      return reachOf(expression.of);
    case 'binary':
      return Math.max(reachOf(expression.left), reachOf(expression.right));
    default:
      return 0;
  }
}
