/**
 * One function of a program as one function of WebAssembly.
 *
 * Registers are locals. Before anything happens in a block, its instructions are counted. Where not
 * enough are left, or an instruction is not plainly allowed, the rest of the function is the
 * interpreter's (a side exit): a run ends exactly where it would there.
 */
import type { Placed } from '../../asm/decode.ts';
import { type Arithmetic, type Call, Register } from '../../asm/instruction.ts';
import type { MapShape } from '../../object.ts';
import type { ProgramKind } from '../context.ts';
import { LOOKUP, SPIN_LOCK, SPIN_UNLOCK, STACK_BYTES, SWITCHED, UNWRITTEN } from '../cpu.ts';
import { machineHelpers } from '../helpers/table.ts';
import { arithmetic, byteSwap, condition, negate, signExtend } from './arithmetic.ts';
import { instructionsNeeded } from './budget.ts';
import { CodeWriter, Wasm } from './code-writer.ts';
import { type Block, type FlowGraph, flowGraph, TAIL_CALL } from '../../flow/flow-graph.ts';
import { FactTable, factOf, type Here } from './facts.ts';
import {
  exitIf,
  importIndex,
  local,
  placeOf,
  register,
  reload,
  type SideExit,
  spill,
} from './layout.ts';
import { place } from './linear-heap.ts';
import { atomic, interpret, load, locate, store } from './memory-access.ts';
import { Structure } from './structure.ts';

const KEPT_BY_CALLS = [6, 7, 8, 9] as const;
const ARGUMENTS = [1, 2, 3, 4, 5] as const;
/** Helpers that take none: clocks, chance, CPU. */
const WITHOUT_ARGUMENTS: ReadonlySet<number> = new Set([5, 7, 8, 118, 125, 160]);
/** As `Cpu.loseArguments` leaves them. */
const LOST = 0x5a5a5a5a_5a5a5a5an;

/** What a function needs to know of its module. */
export interface ModuleScope {
  readonly code: readonly Placed[];
  readonly kind: ProgramKind;
  /** The global that holds the address of the map that a slot loads. */
  readonly mapOf: (slot: number) => number | undefined;
  /** Of the maps of the globals, where they are known. */
  readonly shapes: readonly (MapShape | undefined)[];
  /** The function that performs a helper. */
  readonly helper: (number: number) => number;
  /** The function of a subprogram. */
  readonly subprogram: (slot: number) => number;
  /** The function that looks a key up, where the map has one. */
  readonly lookup: (shape: MapShape) => number | undefined;
}

/** The body of the function that begins at `entry`, without its locals. */
export function functionBody(scope: ModuleScope, entry: number, isProgram: boolean): Uint8Array {
  return new FunctionWriter(scope, flowGraph(scope.code, entry), isProgram).write();
}

class FunctionWriter {
  private readonly code = new CodeWriter();
  private readonly facts: FactTable;
  private readonly needed: ReadonlyMap<Block, number>;

  constructor(
    private readonly scope: ModuleScope,
    private readonly graph: FlowGraph,
    private readonly isProgram: boolean,
  ) {
    this.facts = new FactTable(scope, graph, isProgram);
    this.needed = instructionsNeeded(graph);
  }

  write(): Uint8Array {
    const { code } = this;
    if (this.isProgram) beginProgram(code);
    else for (let number = 0; number < 10; number++) reload(code, number);
    reload(code, 10);
    code.i32(0);
    code.access(Wasm.i32Load, place.stack);
    code.set(local.stack);
    if (this.isProgram) fillStack(code);
    // Side exits branch out of this block.
    code.block();
    new Structure(code, this.graph, (block) => this.block(block)).write();
    code.put(Wasm.unreachable);
    code.end();
    this.spillAll();
    code.get(local.slot);
    code.get(local.left);
    code.call(importIndex('interpret'));
    code.put(Wasm.end);
    return code.bytes;
  }

  private block(block: Block): void {
    const { code } = this;
    let counted = block.instructions.length;
    const needed = this.needed.get(block);
    if (needed !== undefined) {
      code.get(local.left);
      code.i32(needed);
      code.put(Wasm.i32LtS);
      exitIf(code, { slot: block.instructions[0]!.slot, counted: 0 });
    }
    code.get(local.left);
    code.i32(counted);
    code.put(Wasm.i32Sub);
    code.set(local.left);
    this.facts.walk(block, (each, here) => {
      this.instruction(each, here, { slot: each.slot, counted });
      counted--;
    });
  }

  /** Branches leave on the stack whether they are taken. */
  private instruction({ slot, instruction }: Placed, here: Here, exit: SideExit): void {
    const { code, scope } = this;
    switch (instruction.kind) {
      case 'arithmetic':
        movePlace(code, instruction, here);
        return arithmetic(code, instruction);
      case 'signExtend':
        return signExtend(code, instruction);
      case 'negate':
        return negate(code, instruction);
      case 'byteSwap':
        return byteSwap(code, instruction);
      case 'loadConstant': {
        const map = scope.mapOf(slot);
        if (map === undefined) code.i64(instruction.value);
        else code.getGlobal(map);
        return code.set(register(instruction.destination.number));
      }
      case 'load':
        return load(code, instruction, { kind: scope.kind, here, exit });
      case 'store':
        return store(code, instruction, { kind: scope.kind, here, exit });
      case 'atomic':
        return atomic(code, instruction, exit);
      case 'branch':
        return condition(code, instruction);
      case 'mayGoto':
        return this.mayGoto();
      case 'call':
        return this.call(instruction, here, exit);
      case 'exit':
        return this.exit();
      case 'jump':
        return undefined;
    }
  }

  /** Leaves when the count of loops is used up, and counts. */
  private mayGoto(): void {
    const { code } = this;
    code.i32(0);
    code.access(Wasm.i32Load, place.loops);
    code.tee(local.word);
    code.i32(0);
    code.put(Wasm.i32LeS);
    code.i32(0);
    code.get(local.word);
    code.i32(1);
    code.put(Wasm.i32Sub);
    code.access(Wasm.i32Store, place.loops);
  }

  private call({ target, number }: Call, here: Here, exit: SideExit): void {
    const { slot } = exit;
    if (target === 'subprogram') this.callSubprogram(slot, slot + 1 + number);
    else if (number === TAIL_CALL) this.tailCall(slot);
    else if (number === LOOKUP) this.lookUp(here, exit);
    else if (number === SPIN_LOCK || number === SPIN_UNLOCK) this.turnLock(number, here, exit);
    else this.callHelper(slot, number);
  }

  private callHelper(slot: number, number: number): void {
    const { code } = this;
    if (!WITHOUT_ARGUMENTS.has(number)) {
      for (const argument of ARGUMENTS) spill(code, argument);
    }
    code.i32(slot);
    code.call(this.scope.helper(number));
    if (machineHelpers.get(number)!.answer) {
      code.put(Wasm.i64TruncF64S);
      code.set(register(0));
      this.loseArguments();
    } else {
      this.afterCall();
    }
  }

  /** As `helpers/locks.ts`. */
  private turnLock(number: number, here: Here, exit: SideExit): void {
    const { code } = this;
    const isFree = number === SPIN_LOCK;
    const at = locate(code, 1, { from: 0, to: 4, isStore: true }, here, exit);
    code.tee(local.word);
    code.access(Wasm.i32Load, at);
    code.i32(isFree ? 0 : 1);
    code.put(Wasm.i32Ne);
    exitIf(code, exit);
    code.get(local.word);
    code.i32(isFree ? 1 : 0);
    code.access(Wasm.i32Store, at);
    code.wide(0);
    code.set(register(0));
    countCall(code, number);
    this.loseArguments();
  }

  /** Where the map is known, and the key can be read, without the interpreter. */
  private lookUp(here: Here, exit: SideExit): void {
    const { code } = this;
    const shape = this.facts.lookedUp(here);
    const find = shape && this.scope.lookup(shape);
    if (!shape || find === undefined) return this.callHelper(exit.slot, LOOKUP);
    const key = { from: 0, to: shape.keySize, isStore: false };
    const offset = locate(code, 2, key, here, exit);
    if (offset !== 0) {
      code.i32(offset);
      code.put(Wasm.i32Add);
    }
    code.call(find);
    code.tee(register(0));
    code.wide(-1);
    code.put(Wasm.i64Eq);
    exitIf(code, exit);
    countCall(code, LOOKUP);
    this.loseArguments();
  }

  private afterCall(): void {
    reload(this.code, 0);
    this.loseArguments();
  }

  private loseArguments(): void {
    for (const number of ARGUMENTS) {
      this.code.i64(LOST);
      this.code.set(register(number));
    }
  }

  private callSubprogram(slot: number, target: number): void {
    const { code } = this;
    this.spillAll();
    code.i32(slot);
    code.call(importIndex('call'));
    code.get(local.left);
    code.call(this.scope.subprogram(target));
    code.set(local.left);
    code.call(importIndex('leave'));
    this.afterCall();
  }

  /** Ends the function when the program has changed: a program's caller goes on with the other. */
  private tailCall(slot: number): void {
    const { code } = this;
    for (const number of [0, ...ARGUMENTS, ...KEPT_BY_CALLS]) spill(code, number);
    interpret(code, slot);
    code.i32(SWITCHED);
    code.put(Wasm.i32Eq);
    code.if();
    code.get(local.left);
    if (!this.isProgram) code.call(importIndex('follow'));
    code.put(Wasm.return);
    code.end();
    this.afterCall();
  }

  private exit(): void {
    spill(this.code, 0);
    this.code.get(local.left);
    this.code.put(Wasm.return);
  }

  private spillAll(): void {
    for (let number = 0; number < 10; number++) spill(this.code, number);
  }
}

/** As `Cpu.countCall`. */
function countCall(code: CodeWriter, number: number): void {
  code.i32(0);
  code.i32(0);
  code.access(Wasm.i32Load, place.calls + 4 * number);
  code.i32(1);
  code.put(Wasm.i32Add);
  code.access(Wasm.i32Store, place.calls + 4 * number);
}

/** Keeps the place of what a register will hold, where it is known and will be wanted. */
function movePlace(code: CodeWriter, instruction: Arithmetic, here: Here): void {
  const { operator, width, destination, source } = instruction;
  const d = placeOf(destination.number);
  if (width === 32 || !here.wantedLater[destination.number]) return;
  if (operator === 'mov' && source instanceof Register) {
    const fact = factOf(here.facts, source.number);
    if (fact?.kind !== 'span' || !fact.isPlaced) return;
    code.get(placeOf(source.number));
    code.set(d);
  } else if (operator === 'add' && typeof source === 'number') {
    const fact = here.facts[destination.number];
    if (fact?.kind !== 'span' || !fact.isPlaced) return;
    code.get(d);
    code.i32(source);
    code.put(Wasm.i32Add);
    code.set(d);
  }
}

/** Of a run's first program all registers but r1 and r10 are 0, as locals are. */
function beginProgram(code: CodeWriter): void {
  reload(code, 1);
  code.i32(0);
  code.access(Wasm.i32Load, place.isFirst);
  code.put(Wasm.i32Eqz);
  code.if();
  for (const number of [0, 2, 3, 4, 5, ...KEPT_BY_CALLS]) reload(code, number);
  code.end();
}

/** Before a program begins; a subprogram's stack is made by who enters it. */
function fillStack(code: CodeWriter): void {
  code.get(local.stack);
  code.i32(UNWRITTEN);
  code.i32(STACK_BYTES);
  code.put(...Wasm.memoryFill);
}
