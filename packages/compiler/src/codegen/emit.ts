/**
 * Machine code with machine registers becomes instructions of RFC 9669, addressed from the start of
 * the function.
 */
import {
  asm,
  type GlobalParameter,
  type Instruction,
  type KernelFunctionReference,
  type Register,
  registers,
} from '@skep/bytecode';
import { CompileError } from '../ir/compile-error.ts';
import type { KernelFieldName, SourcePosition } from '../ir/ir.ts';
import { finishBlocks } from './finish-blocks.ts';
import {
  FRAME_POINTER,
  lengthOf,
  type MachineBlock,
  type MachineFunction,
  type MachineInstruction,
} from './machine.ts';

/** `instruction` is the place in `instructions`, `slot` that of the call or load. */
export interface SubprogramUse {
  readonly instruction: number;
  readonly slot: number;
  readonly name: string;
  /** Takes its address into the register, and calls nothing. */
  readonly addressIn?: Register;
}

/** One function's code; every slot number counts from the function's first slot. */
export interface FunctionCode {
  readonly name: string;
  readonly global: readonly GlobalParameter[] | null;
  readonly instructions: Instruction[];
  readonly slotCount: number;
  /** Calls of subprograms, and loads of their addresses. */
  readonly calls: SubprogramUse[];
  /** Of each, `instruction` counts from the function's start. */
  readonly kernelFunctions: KernelFunctionReference[];
  readonly kernelFields: { readonly slot: number; readonly name: KernelFieldName }[];
  readonly maps: { readonly slot: number; readonly instruction: MachineInstruction }[];
  readonly lines: { readonly slot: number; readonly position: SourcePosition }[];
  readonly position: SourcePosition | null;
  readonly stackBytes: number;
}

/** The largest offset of a jump, in slots. */
const jumpLimit = 0x7fff;

/** @throws CompileError when a jump is too far for its 16 bits. */
export function emitFunction(made: MachineFunction, stackBytes: number): FunctionCode {
  const blocks = finishBlocks(made.blocks);
  const starts = new Map<MachineBlock, number>();
  let slotCount = 0;
  for (const block of blocks) {
    starts.set(block, slotCount);
    for (const each of block.instructions) slotCount += lengthOf(each);
  }
  const { name, position, global } = made;
  const code: FunctionCode = {
    name,
    global,
    position,
    slotCount,
    stackBytes,
    instructions: [],
    calls: [],
    kernelFunctions: [],
    kernelFields: [],
    maps: [],
    lines: [],
  };
  let slot = 0;
  for (const block of blocks) {
    for (const each of block.instructions) {
      addLine(code, slot, each.position);
      const distance = each.target ? starts.get(each.target)! - slot - 1 : 0;
      if (Math.abs(distance) > jumpLimit) {
        throw new CompileError(
          `code ${name}: jump over ${distance} instructions, at most ${jumpLimit} ` +
            '(split the program)',
          each.position,
        );
      }
      emit(code, each, slot, distance);
      slot += lengthOf(each);
    }
  }
  return code;
}

function addLine(code: FunctionCode, slot: number, position: SourcePosition | null): void {
  const last = code.lines[code.lines.length - 1]?.position;
  if (!position || last === position) return;
  if (last?.file === position.file && last.line === position.line) return;
  code.lines.push({ slot, position });
}

function emit(code: FunctionCode, each: MachineInstruction, slot: number, distance: number): void {
  const { instructions } = code;
  if (each.kernelField) code.kernelFields.push({ slot, name: each.kernelField });
  switch (each.operation) {
    case 'call':
      emitCall(code, each, slot);
      return;
    case 'mapValueAddress':
      code.maps.push({ slot, instruction: each });
      instructions.push(asm.loadMapValue(registers[each.destination]!, 0, 0));
      return;
    case 'functionAddress': {
      const addressIn = registers[each.destination]!;
      const name = each.subprogram!;
      code.calls.push({ instruction: instructions.length, slot, name, addressIn });
      instructions.push(asm.loadCode(addressIn, 0));
      return;
    }
    case 'mapAddress':
      code.maps.push({ slot, instruction: each });
      instructions.push(asm.loadMap(registers[each.destination]!));
      return;
    case 'frameAddress': {
      const destination = registers[each.destination]!;
      instructions.push(asm.mov64(destination, registers[FRAME_POINTER]!));
      instructions.push(asm.add64(destination, each.frame!.offset + each.offset));
      return;
    }
    case 'jump':
      instructions.push(asm.jump(distance));
      return;
    case 'mayGoto':
      instructions.push(asm.mayGoto(distance));
      return;
    case 'exit':
      instructions.push(asm.exit());
      return;
    default:
      instructions.push(toInstruction(each, distance));
  }
}

function emitCall(code: FunctionCode, each: MachineInstruction, slot: number): void {
  const { instructions } = code;
  if (each.kernelFunction !== null) {
    const { kernelFunction: name, argumentCount: parameters, resultBytes } = each;
    const result = resultBytes === undefined ? {} : { resultBytes };
    code.kernelFunctions.push({ instruction: slot, name, parameters, ...result });
    instructions.push(asm.callKernelFunction(0));
  } else if (each.subprogram !== null) {
    code.calls.push({ instruction: instructions.length, slot, name: each.subprogram });
    instructions.push(asm.callSubprogram(0));
  } else {
    instructions.push(asm.callHelper(each.immediate));
  }
}

/** Those that are one instruction and name no other place. */
function toInstruction(each: MachineInstruction, distance: number): Instruction {
  const { width, size, immediate } = each;
  const destination = registers[each.destination]!;
  const source = registers[each.source]!;
  const offset = each.offset + (each.frame?.offset ?? 0);
  switch (each.operation) {
    case 'move':
      return asm.mov64(destination, source);
    case 'move32':
      return asm.mov32(destination, source);
    case 'moveImmediate':
      return asm.arithmetic('mov', width, destination, immediate);
    case 'moveWide':
      return asm.loadConstant(destination, each.bits);
    case 'alu':
      return asm.arithmetic(each.operator, width, destination, source);
    case 'aluImmediate':
      return asm.arithmetic(each.operator, width, destination, immediate);
    case 'negate':
      return asm.negate(width, destination);
    case 'byteSwap':
      return asm.toBigEndian(immediate as 16 | 32 | 64, destination);
    case 'load':
      return asm.load(size, destination, source, offset);
    case 'store':
      return asm.store(size, destination, offset, source);
    case 'storeImmediate':
      return asm.store(size, destination, offset, immediate);
    case 'atomicAdd':
      return asm.atomic('add', size as 4 | 8, destination, offset, source);
    case 'atomicFetch':
      return asm.atomic(each.fetchOperator, size as 4 | 8, source, offset, destination, true);
    case 'compareExchange':
      return asm.atomic(each.operation, size as 4 | 8, destination, offset, source);
    case 'branch':
      return asm.branch(each.comparison, width, destination, source, distance);
    case 'branchImmediate':
      return asm.branch(each.comparison, width, destination, immediate, distance);
    default:
      throw new Error(`${each.operation} is not one instruction`);
  }
}
