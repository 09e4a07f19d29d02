/** Values in registers: which register has which value, and how a value gets into one. */
import { CompileError } from '../ir/compile-error.ts';
import { type IrFunction, isFloating, type SourcePosition, type Value } from '../ir/ir.ts';
import { UseTable } from '../ir/use-table.ts';
import { findFrameObjects, type FrameUse } from './frame-use.ts';
import { fitsImmediate } from './immediates.ts';
import type { FrameObject, MachineBlock, MachineOperation } from './machine.ts';
import { FIRST_VIRTUAL, MachineInstruction } from './machine.ts';

/** Writes machine code on virtual registers into the block `out`. */
export abstract class RegisterCode {
  protected registerCount = FIRST_VIRTUAL;
  protected readonly uses: UseTable;
  protected readonly frames: FrameUse;
  protected out!: MachineBlock;
  protected position: SourcePosition | null;
  private readonly registers = new Map<Value, number>();

  constructor(
    protected readonly made: IrFunction,
    isProgram: boolean,
  ) {
    this.position = made.position;
    this.uses = new UseTable(made, isProgram);
    this.frames = findFrameObjects(made);
  }

  protected put(operation: MachineOperation, destination = -1, source = -1): MachineInstruction {
    const instruction = new MachineInstruction(operation, this.position);
    instruction.destination = destination;
    instruction.source = source;
    this.out.instructions.push(instruction);
    return instruction;
  }

  protected makeRegister(): number {
    return this.registerCount++;
  }

  /** The register that holds `value`, which is not floating. */
  protected registerOf(value: Value): number {
    const known = this.registers.get(value);
    if (known !== undefined) return known;
    const made = this.sharedRegister(value) ?? this.makeRegister();
    this.registers.set(value, made);
    return made;
  }

  /** The operand's register where the value needs no instruction. */
  private sharedRegister(value: Value): number | null {
    const { op } = value.operation;
    const isFree = op === 'zeroExtend' || (op === 'truncate' && this.uses.isLowHalfOnly(value));
    const operand = value.operands[0];
    return isFree && operand && !isFloating(operand) ? this.registerOf(operand) : null;
  }

  /** `destination = value`. */
  protected moveInto(destination: number, value: Value): void {
    const { operation } = value;
    switch (operation.op) {
      case 'constant':
        this.moveConstant(destination, value, operation.bits);
        return;
      case 'map':
        this.put('mapAddress', destination).map = operation.map;
        return;
      case 'mapValue':
        this.put('mapValueAddress', destination).map = operation.map;
        return;
      case 'slot': {
        const instruction = this.put('frameAddress', destination);
        instruction.frame = this.frames.objectOf(operation.slot);
        instruction.touches = [instruction.frame];
        return;
      }
      case 'kernelField':
        this.put('moveWide', destination).kernelField = operation;
        return;
      case 'function':
        this.put('functionAddress', destination).subprogram = operation.name;
        return;
      case 'loadTime':
        throw new CompileError(
          `code ${this.made.name}: load-time constant '${operation.name}' is not bound ` +
            '(give it in loadTime)',
          this.position,
        );
      default:
        this.put('move', destination, this.registerOf(value)).touches = this.touched(value);
    }
  }

  protected moveConstant(destination: number, value: Value, bits: bigint): void {
    const signed = BigInt.asIntN(value.width, bits);
    const isLow = value.width === 32 || (!fitsImmediate(signed) && bits <= 0xffffffffn);
    if (!isLow && !fitsImmediate(signed)) {
      this.put('moveWide', destination).bits = bits;
      return;
    }
    const instruction = this.put('moveImmediate', destination);
    instruction.width = isLow ? 32 : 64;
    instruction.immediate = Number(isLow ? BigInt.asIntN(32, bits) : signed);
  }

  /** A register with `value` in it. */
  protected inRegister(value: Value): number {
    if (!isFloating(value)) return this.registerOf(value);
    const made = this.makeRegister();
    this.moveInto(made, value);
    return made;
  }

  protected touched(...values: Value[]): readonly FrameObject[] | null {
    return this.frames.touchedBy(values);
  }
}
