/** What a program returns: its kind has one set of results, and takes no other. */
import type { ResultName } from '@skep/ebpf';
import { resultEnums } from '@skep/ebpf';
import ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { ContextType, Result } from './result.ts';
import { known } from './result.ts';
import { scalarType } from './scalars.ts';
import type { World } from './world.ts';

/** @throws Refusal where the result is the enum of another kind, a boolean, or nothing */
export function checkResult(
  world: World,
  declaration: ts.FunctionDeclaration,
  { shape, name }: ContextType,
): void {
  const { result, resultOfNothing } = shape.facts;
  const { checker } = world;
  const signature = checker.getSignatureFromDeclaration(declaration);
  const type = signature && checker.getReturnTypeOfSignature(signature);
  if (!type) return;
  const place = declaration.type ?? declaration.name ?? declaration;
  const found = enumNameOf(checker, type);
  if (found !== null && found !== result)
    return refuse(place, 'wrongResult', name, want(result), found);
  if (scalarType(checker, type, declaration)?.kind === 'boolean') {
    return refuse(place, 'wrongResult', name, want(result), 'a boolean');
  }
  const isNothing = (type.flags & ts.TypeFlags.Void) !== 0;
  if (isNothing && resultOfNothing === undefined) {
    return refuse(place, 'wrongResult', name, want(result), 'nothing');
  }
}

function want(result: ResultName): string {
  if (result === 'bytes') return 'a number of bytes (u32)';
  if (result === 'errno') return '0 or a negative errno (s32)';
  return result === 'nothing' ? 'nothing (void)' : result;
}

/** The enum of the language that the type is, or is a member of; `null` for other types. */
function enumNameOf(checker: ts.TypeChecker, type: ts.Type): string | null {
  const base = checker.getBaseTypeOfLiteralType(type);
  const { name } = (base.symbol as ts.Symbol | undefined) ?? { name: '' };
  return Object.hasOwn(resultEnums, name) ? name : null;
}

/** What the program returns to the kernel where its function returned `result`. */
export function resultOf({ shape }: ContextType, result: Result): Result {
  const isNothing = result.kind === 'known' && result.value === undefined;
  const { resultOfNothing } = shape.facts;
  return isNothing && resultOfNothing !== undefined ? known(resultOfNothing) : result;
}
