/** `withLock(entry, () => { ... })`: lock, body, unlock, on every path. */
import ts from '@typescript/typescript6';
import { withLock } from '@skep/ebpf';
import { refuse } from '../diagnostics/report.ts';
import { lowerBody } from './inline.ts';
import type { Lowering } from './lowering.ts';
import { Frame } from './lowering.ts';
import type { ComputedPointer, Result } from './result.ts';
import { describeResult, isPointer, nameOf } from './result.ts';

const lock = { id: 93, name: 'spin_lock', movesPacket: false };
const unlock = { id: 94, name: 'spin_unlock', movesPacket: false };

/** The body is lowered in place, and sees the names around it. */
export function lowerWithLock(state: Lowering, node: ts.CallExpression): Result {
  refuseInLock(state, withLock.name, node);
  const [entryNode, body] = node.arguments;
  if (!entryNode || !body) return refuse(node, 'missingArgument', 'body');
  const entry = state.expression(entryNode);
  if (!isPointer(entry)) return refuse(entryNode, 'lockMissing', describeResult(entry));
  const address = state.builder.offset(entry.value, entry.offset + lockOffset(entry, entryNode));
  const isFunction = ts.isArrowFunction(body) || ts.isFunctionExpression(body);
  if (!isFunction || body.parameters.length > 0) {
    return refuse(body, 'mustBeKnown', 'the body of withLock');
  }
  state.at(node);
  state.builder.call(lock, [address]);
  const { frame, position } = state;
  state.frame = new Frame(body, frame, frame.bindings);
  state.isLocked = true;
  try {
    return lowerBody(state, body, [], node);
  } finally {
    state.isLocked = false;
    state.frame = frame;
    state.builder.position = position;
    state.builder.call(unlock, [address]);
  }
}

function lockOffset({ type }: ComputedPointer, node: ts.Node): number {
  const fields = type.to.kind === 'struct' ? type.to.fields : [];
  const found = fields.find(({ field }) => {
    return (field as { kernelName?: unknown }).kernelName === 'bpf_spin_lock';
  });
  const isInMap = type.space === 'map' || type.space === 'any';
  return found && isInMap ? found.offset : refuse(node, 'lockMissing', nameOf(type.to));
}

/** @throws Refusal where a lock is held: the kernel allows no calls then */
export function refuseInLock(state: Lowering, name: string, node: ts.Node): void {
  if (state.isLocked) refuse(node, 'callInLock', name);
}
