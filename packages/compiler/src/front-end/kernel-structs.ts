/** Reads of the kernel's own structs: the offset of each field is left to the loader. */
import { KernelPointer, KernelStruct } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { isContext } from './context.ts';
import { refuseInLock } from './locks.ts';
import type { Lowering } from './lowering.ts';
import type { Computed, KernelStructType, Result } from './result.ts';
import { computed, describeResult, integerTypeOf, kernelView } from './result.ts';

const castFunction = 'bpf_cast_to_kern_ctx';
const pointerBytes = 8;

/** `kernelContext(ctx, Struct)` */
export function lowerKernelContext(state: Lowering, node: ts.CallExpression): Result {
  refuseInLock(state, castFunction, node);
  const [context, struct] = state.all(node.arguments);
  if (!context || !struct) return refuse(node, 'missingArgument', 'struct');
  if (!isContext(context)) {
    return refuse(node.arguments[0]!, 'wrongStruct', 'the context', describeResult(context));
  }
  if (struct.kind !== 'known' || !(struct.value instanceof KernelStruct)) {
    return refuse(node.arguments[1]!, 'mustBeKnown', 'the struct');
  }
  state.at(node);
  const found = state.builder.callKernelFunction(castFunction, [context.value]);
  return kernelView(found, struct.value);
}

/** Whether the result is a struct of the kernel. */
export function isKernelStruct(
  result: Result,
): result is Computed & { readonly type: KernelStructType } {
  return result.kind === 'computed' && result.type.kind === 'kernelStruct';
}

/** `view.field` */
export function readKernelField(
  state: Lowering,
  view: Computed & { readonly type: KernelStructType },
  name: string,
  node: ts.Node,
): Result {
  const { struct } = view.type;
  const field = Object.hasOwn(struct.fields, name) ? struct.fields[name] : undefined;
  if (!field) {
    const names = Object.keys(struct.fields).join(', ');
    return refuse(node, 'unknownField', `struct ${struct.name}`, name, names);
  }
  const size = field instanceof KernelPointer ? pointerBytes : field.size;
  const { builder } = state;
  const offset = builder.kernelField({ struct: struct.name, field: name, size });
  const place = builder.binary('add', view.value, offset);
  const loaded = builder.load(place, { offset: 0, size, space: 'any' });
  if (field instanceof KernelPointer) {
    return kernelView(loaded, field.to);
  }
  const value = field.isBigEndian ? builder.byteSwap(loaded, (size * 8) as 16 | 32 | 64) : loaded;
  return computed(value, integerTypeOf(field));
}
