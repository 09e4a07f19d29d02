/** Declarations of variables: what becomes a variable, and how wide it is. */
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { Variable } from '../ir/variables.ts';
import { cast, convert } from './convert.ts';
import type { Lowering } from './lowering.ts';
import type { Result, Type } from './result.ts';
import { booleanType, s64Type, u32Type, u64Type, widthOf } from './result.ts';
import { requireType } from './types.ts';

/** const and let. What is never assigned again needs no variable: its name is the result. */
export function lowerVariables(state: Lowering, list: ts.VariableDeclarationList): void {
  for (const declaration of list.declarations) {
    const { name, initializer } = declaration;
    if (!ts.isIdentifier(name)) return refuse(name, 'destructuring');
    const symbol = state.world.symbolOf(name);
    const isReassigned = state.world.reassignedIn(state.frame.declaration).has(symbol);
    const initial = initializer ? state.expression(initializer) : null;
    state.at(declaration);
    if (initial && !isReassigned) {
      const declared = declaration.type ? requireInteger(state, declaration) : null;
      const result = declared ? cast(state, initial, declared, initializer!) : initial;
      state.bind(symbol, { kind: 'result', result });
      continue;
    }
    const used = variableTypeOf(state, declaration, initial);
    const variable = new Variable(name.text, widthOf(used));
    state.bind(symbol, { kind: 'variable', variable, type: used });
    if (initial) state.builder.write(variable, convert(state, initial, used, initializer!));
  }
}

/** The type of a variable: as declared, else by what it starts with. */
export function variableTypeOf(
  state: Lowering,
  declaration: ts.VariableDeclaration,
  initial: Result | null,
): Type {
  const type = declaration.type ? requireType(state.world, declaration) : null;
  return variableType(type ?? initialType(initial, declaration));
}

/** The declared type where it is an integer or a boolean, which wrap; `null` for others. */
function requireInteger(state: Lowering, declaration: ts.VariableDeclaration): Type | null {
  if (declaration.type?.kind === ts.SyntaxKind.NumberKeyword) return null;
  const type = state.world.integerTypeAt(declaration);
  return type;
}

/** Without annotation: of a literal 64 bits, else as wide as the value, at least 32 bits. */
function initialType(initial: Result | null, node: ts.VariableDeclaration): Type {
  if (!initial) return refuse(node, 'unknownType', 'any');
  if (initial.kind === 'computed') {
    const { type } = initial;
    return type.kind === 'integer' && type.bits < 32 ? u32Type : type;
  }
  if (initial.kind === 'group') return refuse(node, 'notAssignable', 'an object literal');
  const { value } = initial;
  if (typeof value === 'boolean') return { kind: 'boolean' };
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    return refuse(node, 'notAValue', 'what this variable starts with');
  }
  return value < 0 ? s64Type : u64Type;
}

/** A pointer variable may be given pointers into other memory later. */
function variableType(type: Type): Type {
  if (type.kind === 'boolean') return booleanType;
  return type.kind === 'pointer' ? { ...type, space: 'any' } : type;
}
