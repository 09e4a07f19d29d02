/**
 * `@subprogram` functions: lowered once for each set of values known when compiling, and called.
 * The kernel passes up to five arguments in registers.
 */
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { FunctionBuilder } from '../ir/builder.ts';
import type { IrFunction, Value } from '../ir/ir.ts';
import { isContext } from './context.ts';
import { convert, toInteger, widen } from './convert.ts';
import { lowerBody } from './inline.ts';
import { Lowering } from './lowering.ts';
import type { Computed, Result, Type } from './result.ts';
import { computed, describeResult, u64Type, widthOf } from './result.ts';
import type { Callable } from './syntax.ts';

const parametersMax = 5;

/** What one parameter is bound to: a value passed at run time, or one known now. */
type Binding =
  | { readonly kind: 'passed'; readonly type: Type; readonly value: Value }
  | { readonly kind: 'known'; readonly result: Result };

/** A call of a `@subprogram` function. */
export function lowerSubprogramCall(
  state: Lowering,
  declaration: Callable,
  results: readonly Result[],
  node: ts.CallExpression,
): Result {
  const name = state.world.nameOf(declaration);
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
  return computed(state.builder.resize(value, widthOf(type)), type);
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

function returnTypeOf(state: Lowering, declaration: Callable, node: ts.Node): Type {
  const { checker } = state.world;
  const signature = checker.getSignatureFromDeclaration(declaration);
  const returned = signature && checker.getReturnTypeOfSignature(signature);
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
  type: Type,
  node: ts.Node,
): Made {
  const { made, underWay } = state.subprograms;
  const name = state.world.nameOf(declaration);
  const known = bindings.map((each) => (each.kind === 'known' ? each.result : null));
  const found = made.find(
    (each) =>
      each.declaration === declaration &&
      each.known.every((value, index) => isSameKnown(value, known[index] ?? null)),
  );
  if (found) return { name: found.function.name, movesPacket: found.movesPacket };
  if (underWay.has(declaration)) return refuse(node, 'recursion', name);
  underWay.add(declaration);
  const copies = made.filter((each) => each.declaration === declaration).length;
  const fullName = copies === 0 ? name : `${name}_${copies}`;
  const lowered = lowerSubprogram(state, declaration, bindings, type, fullName);
  underWay.delete(declaration);
  const movesPacket = movesPacketIn(lowered);
  made.push({ declaration, known, function: lowered, movesPacket });
  return { name: fullName, movesPacket };
}

function isSameKnown(left: Result | null, right: Result | null): boolean {
  if (left === null || right === null) return left === right;
  return left.kind === 'known' && right.kind === 'known' && left.value === right.value;
}

function lowerSubprogram(
  caller: Lowering,
  declaration: Callable,
  bindings: readonly Binding[],
  type: Type,
  name: string,
): IrFunction {
  const { world, rules, diagnostics, subprograms } = caller;
  const builder = new FunctionBuilder(name, world.positionOf(declaration));
  const state = new Lowering(world, rules, builder, diagnostics, subprograms, declaration);
  let index = 0;
  const results = bindings.map((binding): Result => {
    if (binding.kind === 'known') return binding.result;
    return parameterOf(state, index++, binding.type);
  });
  const result = lowerBody(state, declaration, results, declaration);
  const value = convert(state, result, type, declaration);
  const isSigned = type.kind === 'integer' && type.isSigned;
  builder.return(builder.resize(value, 64, isSigned));
  return builder.finish();
}

function parameterOf(state: Lowering, index: number, type: Type): Computed {
  const { builder } = state;
  const passed = builder.parameter(index);
  if (type.kind === 'context') return computed(passed, type);
  return computed(builder.resize(passed, widthOf(type)), type);
}

function movesPacketIn({ blocks }: IrFunction): boolean {
  return blocks.some((block) =>
    block.values.some(({ operation }) => {
      const isCall = operation.op === 'call' || operation.op === 'callSubprogram';
      return isCall && operation.movesPacket;
    }),
  );
}
