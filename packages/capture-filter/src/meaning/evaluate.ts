/** Decides a condition for the bytes of a packet, in JavaScript: what the programs are held to. */
import { type Condition, holds } from './condition.ts';
import { compute, type Expression } from './expression.ts';

/** A read beyond the bytes, or a division by zero. */
class Ended extends Error {}

/**
 * Whether the packet matches.
 *
 * @param bytes what was captured, from the Ethernet header on
 * @param length what was sent; default: as many bytes as there are
 */
export function evaluateCondition(
  condition: Condition,
  bytes: Uint8Array,
  length = bytes.length,
): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return decide(condition, view, length);
  } catch (error) {
    if (error instanceof Ended) return false;
    throw error;
  }
}

function decide(condition: Condition, view: DataView, length: number): boolean {
  switch (condition.kind) {
    case 'constant':
      return condition.value;
    case 'not':
      return !decide(condition.of, view, length);
    case 'and':
      return decide(condition.left, view, length) && decide(condition.right, view, length);
    case 'or':
      return decide(condition.left, view, length) || decide(condition.right, view, length);
    case 'compare': {
      const left = computed(condition.left, view, length);
      return holds(condition.relation, left, computed(condition.right, view, length));
    }
  }
}

function computed(expression: Expression, view: DataView, length: number): number {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'length':
      return length;
    case 'negate':
      return -computed(expression.of, view, length) >>> 0;
    case 'binary': {
      const left = computed(expression.left, view, length);
      const value = compute(expression.operator, left, computed(expression.right, view, length));
      if (value === null) throw new Ended();
      return value;
    }
    case 'load': {
      const index = expression.index ? computed(expression.index, view, length) : 0;
      const at = expression.offset + index;
      if (at + expression.size > view.byteLength) throw new Ended();
      if (expression.size === 1) return view.getUint8(at);
      return expression.size === 2 ? view.getUint16(at) : view.getUint32(at);
    }
  }
}
