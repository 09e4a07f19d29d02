/** From tsc's types to the language's own. */
import type { AnyInteger } from '@skep/ebpf';
import { s32, s64, u8, u16, u32, u64 } from '@skep/ebpf';
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { IntegerType, Type } from './result.ts';
import { cellOf, isStruct, u64Type } from './result.ts';
import { scalarType } from './scalars.ts';
import type { World } from './world.ts';

/**
 * A declared type. `number`: an integer of no declared width; `void`, `null`: nothing else than
 * that.
 */
export type DeclaredType = Type | { readonly kind: 'number' } | { readonly kind: 'void' | 'null' };

/**
 * @returns `null` where the type says nothing about memory: generic, unknown, a compile-time
 * object
 */
export function declaredType(world: World, type: ts.Type, node: ts.Node): DeclaredType | null {
  const { flags } = type;
  if (flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined)) return { kind: 'void' };
  if (flags & ts.TypeFlags.Null) return { kind: 'null' };
  const scalar = scalarType(world.checker, type, node);
  if (scalar) return scalar;
  return type.isUnion() ? unionType(world, type, node) : objectType(world, type, node);
}

/** One struct, or null; or an optional integer. */
function unionType(world: World, type: ts.UnionType, node: ts.Node): DeclaredType | null {
  const isEmpty = (each: ts.Type): boolean =>
    (each.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)) !== 0;
  const parts = type.types.filter((each) => !isEmpty(each));
  const isNullable = parts.length < type.types.length;
  const all = parts.map((part) => declaredType(world, part, node));
  const first = all[0];
  if (first?.kind !== 'pointer') return null;
  const isOne = all.every((each) => each?.kind === 'pointer' && each.to === first.to);
  return isOne ? { ...first, isNullable } : null;
}

function objectType(world: World, type: ts.Type, node: ts.Node): DeclaredType | null {
  const symbol = type.symbol as ts.Symbol | undefined;
  const declaration = symbol?.valueDeclaration;
  if (symbol && declaration && ts.isClassDeclaration(declaration)) {
    const shape = world.contextOf(symbol);
    if (shape) return { kind: 'context', shape, name: symbol.name };
    const live = world.liveValue(symbol, node);
    if (isStruct(live)) return { kind: 'pointer', to: live, space: 'any', isNullable: false };
  }
  if (type.aliasSymbol?.name === 'Cell' || symbol?.name === 'Cell') {
    const value = type.getProperty('value');
    const inner = value && declaredType(world, world.checker.getTypeOfSymbol(value), node);
    if (inner?.kind !== 'integer') return null;
    const to = cellOf(fieldOf(inner));
    return { kind: 'pointer', to, space: 'any', isNullable: false };
  }
  return null;
}

function fieldOf(type: IntegerType): AnyInteger {
  if (type.isSigned) return type.bits === 64 ? s64 : s32;
  return { 8: u8, 16: u16, 32: u32, 64: u64 }[type.bits] as AnyInteger;
}

function isValueType(type: DeclaredType): type is Type {
  return type.kind !== 'void' && type.kind !== 'null' && type.kind !== 'number';
}

/**
 * The declared type of a variable or parameter. @throws Refusal where it has no place at run time
 */
export function requireType(world: World, node: ts.Declaration): Type {
  const type = world.checker.getTypeAtLocation(node);
  const declared = declaredType(world, type, node);
  if (declared?.kind === 'number') return u64Type;
  if (declared && isValueType(declared)) return declared;
  return refuse(node, 'unknownType', world.checker.typeToString(type));
}
