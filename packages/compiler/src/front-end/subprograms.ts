/**
 * `@subprogram` functions: lowered once for each set of values known when compiling and of places
 * that pointers lead to, and called. The kernel passes up to five arguments in registers, and
 * verifies the function again for each call, so that a pointer to the packet, to a map's value or
 * to the caller's stack may be one of them.
 *
 * `@global` functions are verified once, for every value of their parameters, which are the context
 * and integers: dear functions that are called from several places.
 */
import type { GlobalParameter } from '@skep/bytecode';
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { FunctionBuilder } from '../ir/builder.ts';
import { type IrFunction, isCall, type Value } from '../ir/ir.ts';
import { isContext } from './context.ts';
import { convert, toInteger, widen } from './convert.ts';
import { lowerBody } from './inline.ts';
import { refuseInLock } from './locks.ts';
import type { ParameterBinding } from './lowering.ts';
import { Lowering } from './lowering.ts';
import type { Computed, Result, Type } from './result.ts';
import {
  computed,
  describeResult,
  isPointer,
  nothing,
  pointer,
  u64Type,
  widthOf,
} from './result.ts';
import type { Callable } from './syntax.ts';
import { tagOf } from './syntax.ts';

const parametersMax = 5;

/** A parameter with what is passed to it. */
type Binding =
  | (ParameterBinding & { readonly kind: 'passed'; readonly value: Value })
  | (ParameterBinding & { readonly kind: 'known' });

/** A call of a `@subprogram` function. */
export function lowerSubprogramCall(
  state: Lowering,
  declaration: Callable,
  results: readonly Result[],
  node: ts.CallExpression,
): Result {
  const name = state.world.nameOf(declaration);
  refuseInLock(state, name, node);
  const bindings = declaration.parameters.map((parameter, index) =>
    bindingOf(state, parameter, results[index], node),
  );
  const operands = bindings.flatMap((each) => (each.kind === 'passed' ? [each.value] : []));
  if (operands.length > parametersMax) {
    return refuse(node, 'subprogramParameters', name, operands.length);
  }
  const type = returnTypeOf(state, declaration, node);
  const made = makeOnce(state, declaration, bindings, type, node);
  state.at(node);
  const value = state.builder.callSubprogram(made.name, operands, made.movesPacket);
  return type === null ? nothing : computed(state.builder.resize(value, widthOf(type)), type);
}

function bindingOf(
  state: Lowering,
  parameter: ts.ParameterDeclaration,
  given: Result | undefined,
  node: ts.Node,
): Binding {
  const name = parameter.name.getText();
  if (!given) return refuse(node, 'missingArgument', name);
  if (given.kind === 'computed' && isContext(given)) {
    return { kind: 'passed', type: given.type, value: given.value };
  }
  const isGlobal =
    tagOf(state.world.declarationOf(parameter.parent as Callable), 'global') !== null;
  if (isGlobal && isPointer(given)) {
    return refuse(node, 'globalParameter', name, describeResult(given));
  }
  if (isPointer(given)) return { kind: 'passed', type: given.type, value: state.address(given) };
  const declared = state.world.integerTypeAt(parameter);
  if (declared) {
    const value = convert(state, given, declared, node);
    const isSigned = declared.kind === 'integer' && declared.isSigned;
    return { kind: 'passed', type: declared, value: state.builder.resize(value, 64, isSigned) };
  }
  if (given.kind === 'known') return { kind: 'known', result: given };
  if (given.kind === 'computed' && given.type.kind === 'integer') {
    return {
      kind: 'passed',
      type: u64Type,
      value: widen(state, toInteger(state, given, node), 64),
    };
  }
  return refuse(node, 'subprogramParameter', name, describeResult(given));
}

/** `null` for a function that returns nothing. */
function returnTypeOf(state: Lowering, declaration: Callable, node: ts.Node): Type | null {
  const { checker } = state.world;
  const signature = checker.getSignatureFromDeclaration(declaration);
  const returned = signature && checker.getReturnTypeOfSignature(signature);
  if (returned && returned.flags & ts.TypeFlags.Void) return null;
  const type = returned && state.world.integerTypeOf(returned, declaration);
  return type ?? refuse(node, 'subprogramReturn', state.world.nameOf(declaration));
}

interface Made {
  readonly name: string;
  readonly movesPacket: boolean;
}

function makeOnce(
  state: Lowering,
  declaration: Callable,
  bindings: readonly Binding[],
  type: Type | null,
  node: ts.Node,
): Made {
  const { made, underWay, names } = state.subprograms;
  const name = state.world.nameOf(declaration);
  const found = made.find(
    (each) =>
      each.declaration === declaration &&
      each.bindings.every((binding, index) => isSameBinding(binding, bindings[index]!)),
  );
  if (found) return { name: found.function.name, movesPacket: found.movesPacket };
  if (underWay.has(declaration)) return refuse(node, 'recursion', name);
  underWay.add(declaration);
  let fullName = name;
  for (let copy = 1; names.has(fullName); copy++) fullName = `${name}_${copy}`;
  names.add(fullName);
  const lowered = lowerSubprogram(state, declaration, bindings, type, fullName);
  underWay.delete(declaration);
  const movesPacket = movesPacketIn(lowered);
  made.push({ declaration, bindings, function: lowered, movesPacket });
  return { name: fullName, movesPacket };
}

/** Integers of one type share a copy; pointers only where they lead to the same kind of memory. */
function isSameBinding(left: ParameterBinding, right: ParameterBinding): boolean {
  if (left.kind === 'known' || right.kind === 'known') {
    const [a, b] = [left.kind === 'known' && left.result, right.kind === 'known' && right.result];
    return a && b && a.kind === 'known' && b.kind === 'known' ? a.value === b.value : false;
  }
  const [a, b] = [left.type, right.type];
  if (a.kind !== 'pointer' || b.kind !== 'pointer') return a.kind === b.kind;
  return a.to === b.to && a.space === b.space && a.isNullable === b.isNullable;
}

function lowerSubprogram(
  caller: Lowering,
  declaration: Callable,
  bindings: readonly ParameterBinding[],
  type: Type | null,
  name: string,
): IrFunction {
  const { world, rules, diagnostics, subprograms } = caller;
  const builder = new FunctionBuilder(name, world.positionOf(declaration));
  const state = new Lowering(world, rules, builder, diagnostics, subprograms, declaration);
  const isGlobal = tagOf(world.declarationOf(declaration), 'global') !== null;
  if (isGlobal) builder.function.global = bindings.flatMap(globalParameter);
  let index = 0;
  const results = bindings.map((binding): Result => {
    if (binding.kind === 'known') return binding.result;
    return parameterOf(state, index++, binding.type);
  });
  const result = lowerBody(state, declaration, results, declaration);
  if (type === null) {
    builder.return(builder.constant(0, 64));
    return builder.finish();
  }
  const value = convert(state, result, type, declaration);
  const isSigned = type.kind === 'integer' && type.isSigned;
  builder.return(builder.resize(value, 64, isSigned));
  return builder.finish();
}

function globalParameter(binding: ParameterBinding): GlobalParameter[] {
  if (binding.kind === 'known') return [];
  return [binding.type.kind === 'context' ? 'context' : 'integer'];
}

function parameterOf(state: Lowering, index: number, type: Type): Computed {
  const { builder } = state;
  const passed = builder.parameter(index);
  if (type.kind === 'pointer') {
    return pointer(passed, type.to, type.space, { isNullable: type.isNullable });
  }
  if (type.kind === 'context') return computed(passed, type);
  return computed(builder.resize(passed, widthOf(type)), type);
}

function movesPacketIn({ blocks }: IrFunction): boolean {
  return blocks.some((block) =>
    block.values.some(({ operation }) => isCall(operation) && operation.movesPacket),
  );
}
