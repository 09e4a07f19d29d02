/** Functions: parameters bound to results, the body lowered in place, all returns joined. */
import ts from '@typescript/typescript6';
import { Refusal, refuse } from '../diagnostics/report.ts';
import { Variable } from '../ir/variables.ts';
import { cast, convert, joinEnds } from './convert.ts';
import type { Lowering } from './lowering.ts';
import { Frame } from './lowering.ts';
import type { Result, Type } from './result.ts';
import { nothing, u32Type, widthOf } from './result.ts';
import type { Callable } from './syntax.ts';
import { requireType } from './types.ts';

/** A call of a function, its body lowered in the caller's place. */
export function lowerInline(
  state: Lowering,
  declaration: Callable,
  results: readonly (Result | undefined)[],
  node: ts.Node,
): Result {
  const name = state.world.nameOf(declaration);
  for (let frame: Frame | null = state.frame; frame; frame = frame.parent) {
    if (frame.declaration === declaration) return refuse(node, 'recursion', name);
  }
  const { position } = state;
  const caller = state.frame;
  state.frame = new Frame(declaration, caller);
  try {
    return lowerBody(state, declaration, results, node);
  } finally {
    state.frame = caller;
    state.builder.position = position;
  }
}

/** Lowers the function of `state.frame`; the result is what it returns. */
export function lowerBody(
  state: Lowering,
  declaration: Callable,
  results: readonly (Result | undefined)[],
  node: ts.Node,
): Result {
  const name = state.world.nameOf(declaration);
  refuseKind(declaration, name, node);
  const errorsBefore = state.diagnostics.size;
  state.world.lowered.add(declaration);
  declaration.parameters.forEach((parameter, index) => {
    bindParameter(state, parameter, results[index], node);
  });
  const { body } = declaration;
  const { builder, frame } = state;
  if (!body) return refuse(node, 'cannotCall', name);
  if (!ts.isBlock(body)) {
    const result = state.expression(body);
    frame.ends.push({ block: builder.suspend(), result, node: body });
  } else {
    state.statements(body.statements);
    // What a refused statement would have returned is not known: the caller is not judged by it.
    if (state.diagnostics.size > errorsBefore) throw new Refusal(null);
    if (builder.isReachable) {
      if (returnsValue(state, declaration)) {
        const why = frame.hasGuardedLoop ? 'loopEnds' : 'missingReturn';
        refuse(declaration.name ?? node, why, name);
      }
      frame.ends.push({ block: builder.suspend(), result: nothing, node });
    }
  }
  return joinEnds(state, frame.ends, name, returnType(state, declaration));
}

function refuseKind(declaration: Callable, name: string, node: ts.Node): void {
  if (declaration.asteriskToken) refuse(node, 'generator', name);
  const isAsync =
    (ts.getCombinedModifierFlags(declaration as ts.Declaration) & ts.ModifierFlags.Async) !== 0;
  if (isAsync) refuse(node, 'asyncFunction', name);
}

function signatureType(state: Lowering, declaration: Callable): ts.Type | null {
  const { checker } = state.world;
  const signature = checker.getSignatureFromDeclaration(declaration);
  return signature ? checker.getReturnTypeOfSignature(signature) : null;
}

function returnsValue(state: Lowering, declaration: Callable): boolean {
  const type = signatureType(state, declaration);
  return type !== null && (type.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined)) === 0;
}

/** The type that integers and booleans are converted to; others keep that of the results. */
function returnType(state: Lowering, declaration: Callable): Type | null {
  const type = signatureType(state, declaration);
  return type ? state.world.integerTypeOf(type, declaration) : null;
}

function bindParameter(
  state: Lowering,
  parameter: ts.ParameterDeclaration,
  given: Result | undefined,
  node: ts.Node,
): void {
  const { name, initializer } = parameter;
  if (!ts.isIdentifier(name)) return refuse(name, 'destructuring');
  if (parameter.dotDotDotToken) return refuse(parameter, 'spread');
  const isMissing = given === undefined || (given.kind === 'known' && given.value === undefined);
  const value = isMissing && initializer ? state.expression(initializer) : given;
  if (!value && !parameter.questionToken) refuse(node, 'missingArgument', name.text);
  const symbol = state.world.symbolOf(name);
  const declared = state.world.integerTypeAt(parameter);
  const result = value ?? nothing;
  const isReassigned = state.world.reassignedIn(state.frame.declaration).has(symbol);
  if (!isReassigned) {
    const isPlain = declared === null || result === nothing;
    const bound = isPlain ? result : cast(state, result, declared, node);
    state.bind(symbol, { kind: 'result', result: bound });
    return;
  }
  const type = variableType(state, parameter, result);
  const variable = new Variable(name.text, widthOf(type));
  state.builder.write(variable, convert(state, result, type, node));
  state.bind(symbol, { kind: 'variable', variable, type });
}

function variableType(state: Lowering, parameter: ts.ParameterDeclaration, result: Result): Type {
  if (result.kind === 'computed') {
    const declared = state.world.integerTypeAt(parameter);
    if (declared) return declared;
    const { type } = result;
    if (type.kind === 'pointer') return { ...type, space: 'any' };
    return type.kind === 'integer' && type.bits < 32 ? u32Type : type;
  }
  return requireType(state.world, parameter);
}
