/** Comparing bytes in memory with bytes that are known when compiling. */
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { Variable } from '../ir/variables.ts';
import type { Access } from '../ir/ir.ts';
import type { Lowering } from './lowering.ts';
import type { Result } from './result.ts';
import { booleanType, computed, describeResult, isPointer, known } from './result.ts';

/** `startsWith(bytes, expected)`: one comparison for each piece of up to 8 bytes. */
export function lowerStartsWith(state: Lowering, node: ts.CallExpression): Result {
  const [bytes, expected] = state.all(node.arguments);
  if (!bytes || !expected) return refuse(node, 'missingArgument', 'expected');
  const isKnown = expected.kind === 'known' && expected.value instanceof Uint8Array;
  if (!isKnown) return refuse(node.arguments[1]!, 'mustBeKnown', 'the expected text');
  const wanted = expected.value as Uint8Array;
  if (!isPointer(bytes) || bytes.type.to.kind !== 'array' || bytes.type.to.element.size !== 1) {
    return refuse(node.arguments[0]!, 'wrongStruct', 'an array of bytes', describeResult(bytes));
  }
  const { count } = bytes.type.to;
  if (wanted.length > count) return known(false);
  state.at(node);
  const { builder } = state;
  const { space } = bytes.type;
  const [answer, differs, join] = [
    new Variable('starts', 32),
    builder.makeBlock(),
    builder.makeBlock(),
  ];
  for (let at = 0; at < wanted.length; ) {
    const offset = bytes.offset + at;
    const mayBeStack = space === 'stack' || space === 'any';
    let size: Access['size'] = 8;
    while (at + size > wanted.length || (mayBeStack && offset % size !== 0)) {
      size = (size / 2) as Access['size'];
    }
    const found = builder.load(bytes.value, { offset, size, space });
    const next = builder.makeBlock();
    const bits = builder.constant(littleEndian(wanted.subarray(at, at + size)), found.width);
    builder.branch('eq', found, bits, next, differs);
    builder.sealAndStart(next);
    at += size;
  }
  builder.write(answer, builder.constant(1, 32));
  builder.jump(join);
  builder.sealAndStart(differs);
  builder.write(answer, builder.constant(0, 32));
  builder.jump(join);
  builder.sealAndStart(join);
  return computed(builder.read(answer), booleanType);
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
