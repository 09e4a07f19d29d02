/**
 * Blocks that do the same and go on to the same place become one: mostly constants that many paths
 * give to what they meet in.
 *
 *     if w1 == 4 goto +2          if w1 != 4 goto +90
 *     w7 = 134                    if w5 < 20 goto +89
 *     goto +90                    ...
 *     if w5 >= 20 goto +2         w7 = 134
 *     w7 = 134
 *     goto +87
 */
import type { MachineBlock, MachineInstruction, MachineOperation } from './machine.ts';
import { isSameInstruction } from './same-instruction.ts';

/** A longer block is hardly ever there twice. */
const lengthLimit = 8;

/** How many blocks of one sum are compared, so that the cost stays linear. */
const alikeLimit = 32;

/** What the verifier may refuse: it would name the line of another block. */
const canFail: ReadonlySet<MachineOperation> = new Set<MachineOperation>([
  ...(['load', 'store', 'storeImmediate', 'atomicAdd', 'atomicFetch'] as const),
  ...(['compareExchange', 'call', 'alu', 'aluImmediate'] as const),
]);

/** After registers were allocated and the frame laid out. Of equal blocks the last one is kept. */
export function mergeEqualBlocks(blocks: readonly MachineBlock[]): void {
  const kept = new Map<number, MachineBlock[]>();
  const replacements = new Map<MachineBlock, MachineBlock>();
  // What is gone on to comes first: it may have been merged itself.
  for (let index = blocks.length - 1; index >= 0; index--) {
    const block = blocks[index]!;
    lead(block, replacements);
    if (index === 0 || !isMergeable(block)) continue;
    const sum = sumOf(block);
    const alike = kept.get(sum) ?? [];
    const known = alike.find((each) => isSame(each, block));
    if (known) replacements.set(block, known);
    else if (alike.length < alikeLimit) kept.set(sum, [...alike, block]);
  }
  // A way back was seen before what it leads to.
  if (replacements.size > 0) for (const block of blocks) lead(block, replacements);
}

/** Makes `block` go on to what its followers were replaced by. */
function lead(
  { instructions }: MachineBlock,
  replacements: ReadonlyMap<MachineBlock, MachineBlock>,
): void {
  for (const each of instructions) {
    if (each.target) each.target = replacements.get(each.target) ?? each.target;
  }
}

function isMergeable({ instructions }: MachineBlock): boolean {
  const { length } = instructions;
  if (length < 2 || length > lengthLimit) return false;
  const { operation } = instructions[length - 1]!;
  if (operation !== 'jump' && operation !== 'exit') return false;
  return instructions.every(({ target }, index) => !target || index === length - 1);
}

/** A number that is the same for equal blocks, and seldom for others. */
function sumOf({ instructions }: MachineBlock): number {
  let sum = instructions[instructions.length - 1]!.target?.index ?? -1;
  for (const { destination, source, immediate, offset } of instructions) {
    for (const part of [destination, source, immediate, offset]) {
      sum = (Math.imul(sum, 31) + part) | 0;
    }
  }
  return sum;
}

function isSame(left: MachineBlock, right: MachineBlock): boolean {
  if (left.instructions.length !== right.instructions.length) return false;
  return left.instructions.every((each, index) => {
    const other = right.instructions[index]!;
    if (!isSameInstruction(each, other)) return false;
    return !canFail.has(each.operation) || isSameLine(each, other);
  });
}

function isSameLine({ position: left }: MachineInstruction, right: MachineInstruction): boolean {
  return left?.file === right.position?.file && left?.line === right.position?.line;
}
