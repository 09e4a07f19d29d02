/**
 * Finds maps of one program that share a name. Linking and loading know maps by their names: two
 * that look alike would become one.
 */
import type { MapShape } from '@skep/bytecode';
import type { DiagnosticList } from '../diagnostics/report.ts';
import { describe } from '../diagnostics/report.ts';
import type { IrFunction, Value } from '../ir/ir.ts';
import type { World } from './world.ts';

/** Adds a diagnostic where a map is used that has the name of another one. */
export function findSharedNames(
  functions: readonly IrFunction[],
  world: World,
  diagnostics: DiagnosticList,
): void {
  const maps = new Map<string, MapShape>();
  for (const { operands, position } of functions.flatMap(valuesOf)) {
    const node = position && world.nodeOf(position);
    for (const { operation } of operands) {
      if (operation.op !== 'map' && operation.op !== 'mapValue') continue;
      const { map } = operation;
      if (!maps.has(map.name)) maps.set(map.name, map);
      const isShared = maps.get(map.name) !== map;
      if (isShared && node) diagnostics.add(describe(node, 'mapName', map.name));
    }
  }
}

function valuesOf({ blocks }: IrFunction): readonly Value[] {
  return blocks.flatMap((block) => block.values);
}
