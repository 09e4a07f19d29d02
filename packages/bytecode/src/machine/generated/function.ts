/**
 * One function of a program as one function of WebAssembly.
 *
 * Registers are locals. Before anything happens in a block, its instructions are counted; when not
 * as many are left, the interpreter does the rest, so that a run ends exactly where it would there.
 */
import type { Placed } from '../../asm/decode.ts';
import { type Arithmetic, type Call, Register } from '../../asm/instruction.ts';
import type { MapShape } from '../../object.ts';
import type { ProgramKind } from '../context.ts';
import { LOOKUP, STACK_BYTES, SWITCHED, UNWRITTEN } from '../cpu.ts';
import { arithmetic, byteSwap, condition, negate, signExtend } from './arithmetic.ts';
import { CodeWriter, Wasm } from './code-writer.ts';
import { type Block, type FlowGraph, flowGraph, TAIL_CALL } from '../../flow/flow-graph.ts';
import { FactTable, factOf, type Here } from './facts.ts';
import { importIndex, local, placeOf, register, reload, spill } from './layout.ts';
import { place } from './linear-heap.ts';
import { atomic, interpret, load, locate, store } from './memory-access.ts';
import { Structure } from './structure.ts';

const KEPT_BY_CALLS = [6, 7, 8, 9] as const;
const ARGUMENTS = [1, 2, 3, 4, 5] as const;
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

  constructor(
    private readonly scope: ModuleScope,
    private readonly graph: FlowGraph,
    private readonly isProgram: boolean,
  ) {
    this.facts = new FactTable(scope, graph, isProgram);
  }

  write(): Uint8Array {
    const { code } = this;
    for (let number = 0; number <= 10; number++) reload(code, number);
    code.i32(0);
    code.access(Wasm.i32Load, place.stack);
    code.set(local.stack);
    if (this.isProgram) fillStack(code);
    // Whatever branches out of this block has no instructions left.
    code.block();
    new Structure(code, this.graph, (block) => this.block(block)).write();
    code.put(Wasm.unreachable);
    code.end();
    this.spillAll();
    code.get(local.slot);
    code.get(local.left);
    code.call(importIndex('exhaust'));
    code.put(Wasm.unreachable, Wasm.end);
    return code.bytes;
  }

  private block(block: Block): void {
    const { code } = this;
    const [first] = block.instructions;
    code.get(local.left);
    code.i32(block.instructions.length);
    code.put(Wasm.i32LtS);
    code.if();
    code.i32(first!.slot);
    code.set(local.slot);
    code.branch(0);
    code.end();
    code.get(local.left);
    code.i32(block.instructions.length);
    code.put(Wasm.i32Sub);
    code.set(local.left);
    this.facts.walk(block, (each, here) => this.instruction(each, here));
  }

  /** Branches leave on the stack whether they are taken. */
  private instruction(placed: Placed, here: Here): void {
    const { slot, instruction } = placed;
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
        return load(code, { ...placed, instruction }, scope.kind, here);
      case 'store':
        return store(code, { ...placed, instruction }, scope.kind, here);
      case 'atomic':
        return atomic(code, slot, instruction);
      case 'branch':
        return condition(code, instruction);
      case 'mayGoto':
        return this.mayGoto();
      case 'call':
        return this.call(slot, instruction, here);
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

  private call(slot: number, { target, number }: Call, here: Here): void {
    if (target === 'subprogram') this.callSubprogram(slot, slot + 1 + number);
    else if (number === TAIL_CALL) this.tailCall(slot);
    else if (number === LOOKUP) this.lookUp(slot, here);
    else this.callHelper(slot, number);
  }

  private callHelper(slot: number, number: number): void {
    const { code } = this;
    for (const argument of ARGUMENTS) spill(code, argument);
    code.i32(slot);
    code.call(this.scope.helper(number));
    this.afterCall();
  }

  /** Where the map is known, and the key can be read, without the interpreter. */
  private lookUp(slot: number, here: Here): void {
    const { code } = this;
    const shape = this.facts.lookedUp(here);
    const find = shape && this.scope.lookup(shape);
    if (!shape || find === undefined) return this.callHelper(slot, LOOKUP);
    const done = code.depth;
    code.block();
    const otherwise = code.depth;
    code.block();
    const key = { from: 0, to: shape.keySize, isStore: false };
    const offset = locate(code, 2, key, here, otherwise);
    if (offset !== 0) {
      code.i32(offset);
      code.put(Wasm.i32Add);
    }
    code.call(find);
    code.tee(register(0));
    code.wide(-1);
    code.put(Wasm.i64Eq);
    code.branchIf(otherwise);
    countLookup(code);
    code.branch(done);
    code.end();
    for (const number of ARGUMENTS) spill(code, number);
    interpret(code, slot);
    code.put(Wasm.drop);
    reload(code, 0);
    code.end();
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
function countLookup(code: CodeWriter): void {
  code.i32(0);
  code.i32(0);
  code.access(Wasm.i32Load, place.calls + 4 * LOOKUP);
  code.i32(1);
  code.put(Wasm.i32Add);
  code.access(Wasm.i32Store, place.calls + 4 * LOOKUP);
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
    code.i32(0);
    code.get(d);
    code.put(Wasm.select);
    code.set(d);
  }
}

/** Before a program begins; a subprogram's stack is made by who enters it. */
function fillStack(code: CodeWriter): void {
  code.get(local.stack);
  code.i32(UNWRITTEN);
  code.i32(STACK_BYTES);
  code.put(...Wasm.memoryFill);
}
