/**
 * Finds uses of a view of the packet after a helper that moved the packet. The verifier refuses
 * them too, but says only `invalid mem access 'scalar'`.
 *
 * A forward dataflow over the finished function: the state is the set of packet pointers that a
 * call has made stale, with that call.
 */
import type { DiagnosticList } from '../diagnostics/report.ts';
import { describe } from '../diagnostics/report.ts';
import type { Block, IrFunction, Operation, Value } from '../ir/ir.ts';
import { isCall, successors } from '../ir/ir.ts';
import { calleeOf } from './syntax.ts';
import type { World } from './world.ts';

/** Stale pointers, each with the call that moved the packet. */
type Stale = Map<Value, Value>;

/** Adds a diagnostic for each use of a view of the packet from before the packet was moved. */
export function findMovedPackets(
  { blocks }: IrFunction,
  world: World,
  diagnostics: DiagnosticList,
): void {
  const pointers = packetPointers(blocks);
  const isMoving = (value: Value): boolean => movesPacket(value);
  if (!blocks.some((block) => block.values.some(isMoving))) return;
  const ends = new Map<Block, Stale>();
  const open = [...blocks];
  for (let block = open.shift(); block; block = open.shift()) {
    const end = transfer(block, startOf(block, ends), pointers, () => {});
    if (ends.get(block)?.size === end.size) continue;
    ends.set(block, end);
    open.push(...successors(block));
  }
  for (const block of blocks) {
    transfer(block, startOf(block, ends), pointers, (use, call) => {
      const node = use.position && world.nodeOf(use.position);
      if (!node) return;
      const { position } = call;
      const name = calleeOf(position ? world.nodeOf(position) : undefined) ?? 'a call';
      diagnostics.add(describe(node, 'movedPacket', name, position?.line ?? 0));
    });
  }
}

/** Everything computed from the context's data, data_end and data_meta. */
function packetPointers(blocks: readonly Block[]): Set<Value> {
  const found = new Set<Value>();
  // A subprogram's parameter is told by what is done with it.
  for (const { operation, operands } of blocks.flatMap((block) => block.values)) {
    const isRead = 'access' in operation && operation.access.space === 'packet';
    if (isRead && operands[0]!.operation.op === 'parameter') found.add(operands[0]!);
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { values } of blocks) {
      for (const value of values) if (isPacketPointer(value, found)) found.add(value);
    }
  }
  return found;
}

function isPacketPointer({ operation, operands }: Value, found: Set<Value>): boolean {
  if (operation.op === 'load') return operation.access.space === 'packetBounds';
  const carries = operation.op === 'add' || operation.op === 'phi';
  return carries && operands.some((operand) => found.has(operand));
}

function startOf(block: Block, ends: ReadonlyMap<Block, Stale>): Stale {
  const start: Stale = new Map();
  for (const predecessor of block.predecessors) {
    for (const [pointer, call] of ends.get(predecessor) ?? []) start.set(pointer, call);
  }
  for (const phi of block.values) {
    if (phi.operation.op !== 'phi') continue;
    start.delete(phi);
    phi.operands.forEach((operand, index) => {
      const end = ends.get(block.predecessors[index]!);
      const call = end?.get(operand);
      if (call) start.set(phi, call);
    });
  }
  return start;
}

function movesPacket({ operation }: Value): boolean {
  return isCall(operation) && operation.movesPacket;
}

/** The state after the block; reports each use of a stale pointer. */
function transfer(
  block: Block,
  start: Stale,
  pointers: ReadonlySet<Value>,
  report: (use: Value, call: Value) => void,
): Stale {
  const stale = new Map(start);
  for (const value of block.values) {
    const { op } = value.operation;
    if (op === 'phi') continue;
    const call = value.operands.map((operand) => stale.get(operand)).find((each) => each);
    if (call && usesMemory(value.operation)) report(value, call);
    stale.delete(value);
    if (call && pointers.has(value)) stale.set(value, call);
    if (movesPacket(value)) for (const pointer of pointers) stale.set(pointer, value);
  }
  return stale;
}

function usesMemory(operation: Operation): boolean {
  return 'access' in operation || isCall(operation);
}
