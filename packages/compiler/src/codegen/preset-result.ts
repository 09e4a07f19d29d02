/**
 * A result that only early ways out have is set once, at the start of the function: they then only
 * end it. Each of them is a path of its own for the verifier.
 *
 *     if r1 > r3 goto +9          w0 = 2
 *     ...                         if r1 > r3 goto +9
 *     if w1 != 1 goto +2          ...
 *     w0 = 1                      if w1 != 1 goto +1
 *     exit                        w0 = 1
 *     w0 = 2                      exit
 *     exit
 */
import { MachineBlock, MachineInstruction } from './machine.ts';

/** After registers were allocated, when every jump leads to a block that does something. */
export function presetResult(blocks: MachineBlock[]): void {
  const block = findResult(blocks);
  if (!block) return;
  const other = findOtherEnd(blocks, block);
  if (!other) return;
  const exit = splitExit(blocks, other);
  for (const { instructions } of blocks) {
    for (const each of instructions) if (each.target === block) each.target = exit;
  }
  const [result] = block.instructions;
  const preset = new MachineInstruction('moveImmediate', blocks[0]!.instructions[0]!.position);
  preset.destination = 0;
  preset.width = result!.width;
  preset.immediate = result!.immediate;
  blocks[0]!.instructions.unshift(preset);
}

/**
 * The block that most ways lead to, of those that only set the result and end the function, and
 * where nothing has touched the result's register on any of the ways.
 */
function findResult(blocks: readonly MachineBlock[]): MachineBlock | null {
  const touched = findTouched(blocks);
  const counts = new Map<MachineBlock, number>();
  for (const block of blocks) {
    for (const { target } of block.instructions) {
      if (!target || !isConstantResult(target)) continue;
      counts.set(target, touched.has(block) ? Number.NaN : (counts.get(target) ?? 0) + 1);
    }
  }
  let best: MachineBlock | null = null;
  for (const [block, count] of counts) {
    if (count > (best ? counts.get(best)! : 0)) best = block;
  }
  return best;
}

function isConstantResult({ instructions }: MachineBlock): boolean {
  const [first, second] = instructions;
  const isSet = first?.operation === 'moveImmediate' && first.destination === 0;
  return isSet && second?.operation === 'exit';
}

/** The blocks at whose end some path has used the result's register. */
function findTouched(blocks: readonly MachineBlock[]): ReadonlySet<MachineBlock> {
  const work = blocks.filter(({ instructions }) => instructions.some(touchesResult));
  const touched = new Set(work);
  for (let block = work.pop(); block; block = work.pop()) {
    for (const { target } of block.instructions) {
      if (!target || touched.has(target)) continue;
      touched.add(target);
      work.push(target);
    }
  }
  return touched;
}

function touchesResult({ operation, destination, source }: MachineInstruction): boolean {
  const isImplied = operation === 'call' || operation === 'compareExchange';
  return isImplied || destination === 0 || source === 0;
}

/** The last block that ends the function, but for `block`: the ways that led there end here. */
function findOtherEnd(blocks: readonly MachineBlock[], block: MachineBlock): MachineBlock | null {
  const isEnd = ({ instructions }: MachineBlock): boolean =>
    instructions[instructions.length - 1]!.operation === 'exit';
  const others = blocks.filter((each) => each !== block && isEnd(each));
  return others[others.length - 1] ?? null;
}

/** Makes the end of `block` a block of its own. */
function splitExit(blocks: MachineBlock[], block: MachineBlock): MachineBlock {
  const exit = new MachineBlock(0, block.loopDepth);
  exit.instructions = block.instructions.splice(-1);
  const jump = new MachineInstruction('jump', exit.instructions[0]!.position);
  jump.target = exit;
  block.instructions.push(jump);
  blocks.splice(blocks.indexOf(block) + 1, 0, exit);
  return exit;
}
