/**
 * Finds calls of helpers that programs of this kind may not call. The verifier refuses them too,
 * but says only `program of this type cannot use helper`.
 */
import type { ProgramKind } from '@skep/ebpf';
import { kindsWithHelper } from '@skep/ebpf';
import type { DiagnosticList } from '../diagnostics/report.ts';
import { describe } from '../diagnostics/report.ts';
import type { IrFunction } from '../ir/ir.ts';
import { calleeOf } from './syntax.ts';
import type { World } from './world.ts';

/** Adds a diagnostic for each call of a helper that the kind has not. */
export function findMissingHelpers(
  { blocks }: IrFunction,
  kind: ProgramKind,
  world: World,
  diagnostics: DiagnosticList,
): void {
  for (const { values } of blocks) {
    for (const { operation, position } of values) {
      if (operation.op !== 'call') continue;
      const kinds = kindsWithHelper(operation.name);
      if (!kinds || kinds.has(kind)) continue;
      const node = position && world.nodeOf(position);
      if (!node) throw new Error(`helper ${operation.name} in ${kind}: its call has no place`);
      const name = calleeOf(node) ?? operation.name;
      diagnostics.add(describe(node, 'missingHelper', name, kind, [...kinds].join(', ')));
    }
  }
}
