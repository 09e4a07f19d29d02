/** From tsc's types to the language's integers and booleans. */
import ts from '@typescript/typescript6';
import type { IntegerType } from './result.ts';
import { booleanType, s32Type, s64Type, u32Type, u64Type } from './result.ts';

/** `number`: an integer of no declared width. */
export type ScalarType = IntegerType | typeof booleanType | { readonly kind: 'number' };

/** @returns `null` where the type is something else, or may be null */
export function scalarType(
  checker: ts.TypeChecker,
  type: ts.Type,
  node: ts.Node,
): ScalarType | null {
  const { flags } = type;
  if (flags & ts.TypeFlags.BooleanLike) return booleanType;
  if (flags & ts.TypeFlags.EnumLike) return enumType(checker, type);
  if (flags & ts.TypeFlags.BigIntLike) return u64Type;
  if (flags & ts.TypeFlags.NumberLike) return { kind: 'number' };
  if (type.isIntersection()) return brandOf(checker, type);
  return type.isUnion() ? unionOf(checker, type, node) : null;
}

function unionOf(checker: ts.TypeChecker, type: ts.UnionType, node: ts.Node): ScalarType | null {
  const all = type.types.map((part) => scalarType(checker, part, node));
  const first = all[0];
  if (!first || all.some((each) => each?.kind !== first.kind)) return null;
  if (first.kind !== 'integer') return first;
  const integers = all as IntegerType[];
  const isSigned = integers.some((each) => each.isSigned);
  const bits = Math.max(...integers.map((each) => each.bits)) as IntegerType['bits'];
  return { kind: 'integer', bits, isSigned };
}

/** Reads the brand that `u8` to `s64` carry. */
function brandOf(checker: ts.TypeChecker, type: ts.Type): IntegerType | null {
  const isWidth = (property: ts.Symbol): boolean =>
    String(property.escapedName).startsWith('__@width@');
  const brand = type.getProperties().find(isWidth);
  if (!brand) return null;
  const widths = literalsOf(checker.getTypeOfSymbol(brand));
  if (widths.has('s64')) return s64Type;
  if (widths.has('s32')) return s32Type;
  const bits = [64, 32, 16, 8].find((each) => widths.has(each)) as IntegerType['bits'];
  return { kind: 'integer', bits, isSigned: false };
}

function literalsOf(type: ts.Type): Set<unknown> {
  const parts = type.isUnion() ? type.types : [type];
  return new Set(parts.map((part) => (part as { value?: unknown }).value));
}

/** 32 bits; signed when a member is negative. */
function enumType(checker: ts.TypeChecker, type: ts.Type): IntegerType {
  const declaration = (type.symbol as ts.Symbol | undefined)?.valueDeclaration;
  const owner =
    declaration && ts.isEnumMember(declaration)
      ? checker.getSymbolAtLocation(declaration.parent.name)
      : type.symbol;
  const members = [...(owner?.exports?.values() ?? [])];
  const isNegative = (member: ts.Symbol): boolean =>
    Number(checker.getConstantValue(member.valueDeclaration as ts.EnumMember)) < 0;
  return members.some(isNegative) ? s32Type : u32Type;
}
