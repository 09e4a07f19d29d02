import type { MapShape } from '@skep/bytecode';
import type {
  Block,
  IrFunction,
  IrProgram,
  Slot,
  SourcePosition,
  Terminator,
  Value,
} from './ir.ts';
import { isFloating } from './ir.ts';
import {
  type JsonBlock,
  type JsonEnd,
  type JsonFile,
  type JsonFloating,
  type JsonFunction,
  jsonFormat,
  type JsonPosition,
  type JsonValue,
  jsonVersion,
} from './json-format.ts';

/** Programs as JSON text; the same programs give the same text. `parsePrograms` reads it. */
export function writePrograms(programs: readonly IrProgram[]): string {
  const tables = new Tables();
  const written = programs.map(
    ({ name, programType, attachType, attachTarget, license, functions }) => ({
      name,
      programType,
      ...(attachType === undefined ? {} : { attachType }),
      ...(attachTarget === undefined ? {} : { attachTarget }),
      license,
      functions: functions.map((made) => new FunctionWriter(made, tables).write()),
    }),
  );
  const file: JsonFile = {
    format: jsonFormat,
    version: jsonVersion,
    maps: tables.maps.entries,
    files: tables.files.entries,
    texts: tables.texts.entries,
    positions: tables.positions.entries,
    programs: written,
  };
  return `${JSON.stringify(file)}\n`;
}

/** A list in which what is equal stands once. */
class Table<T> {
  readonly entries: T[] = [];
  private readonly indexes = new Map<string, number>();

  indexOf(key: string, entry: T): number {
    const known = this.indexes.get(key);
    if (known !== undefined) return known;
    this.indexes.set(key, this.entries.length);
    return this.entries.push(entry) - 1;
  }
}

class Tables {
  readonly maps = new Table<MapShape>();
  readonly files = new Table<string>();
  readonly texts = new Table<string>();
  readonly positions = new Table<JsonPosition>();

  position(position: SourcePosition | null): number {
    if (!position) return -1;
    const { file, line, column, text } = position;
    const entry: JsonPosition = [
      this.files.indexOf(file, file),
      line,
      column,
      this.texts.indexOf(text, text),
    ];
    return this.positions.indexOf(entry.join(' '), entry);
  }

  map(map: MapShape): number {
    return this.maps.indexOf(JSON.stringify(map), map);
  }
}

class FunctionWriter {
  private readonly numbers = new Map<Value, number>();
  private readonly blocks: Map<Block, number>;
  private readonly floating = new Table<JsonFloating>();
  private readonly slots = new Map<Slot, number>();

  constructor(
    private readonly made: IrFunction,
    private readonly tables: Tables,
  ) {
    this.blocks = new Map(made.blocks.map((block, index) => [block, index]));
    for (const block of made.blocks) {
      for (const value of block.values) this.numbers.set(value, this.numbers.size);
    }
  }

  write(): JsonFunction {
    const blocks = this.made.blocks.map((block) => this.writeBlock(block));
    return {
      name: this.made.name,
      position: this.tables.position(this.made.position),
      ...(this.made.global ? { global: this.made.global } : {}),
      slots: [...this.slots.keys()].map(({ name, size }) => [name, size]),
      floating: this.floating.entries,
      blocks,
    };
  }

  private writeBlock(block: Block): JsonBlock {
    return [
      block.loopDepth,
      block.predecessors.map((each) => this.block(each)),
      block.values.map((value) => this.writeValue(value)),
      this.writeEnd(block.terminator!),
    ];
  }

  private block(block: Block): number {
    return this.blocks.get(block)!;
  }

  private operand(value: Value): number {
    return isFloating(value) ? -1 - this.writeFloating(value) : this.numbers.get(value)!;
  }

  private writeFloating(value: Value): number {
    const entry = this.floatingEntry(value);
    return this.floating.indexOf(entry.join(' '), entry);
  }

  private floatingEntry(value: Value): JsonFloating {
    const { operation, width } = value;
    switch (operation.op) {
      case 'constant':
        return ['constant', width, `${operation.bits}`];
      case 'map':
        return ['map', this.tables.map(operation.map)];
      case 'mapValue':
        return ['mapValue', this.tables.map(operation.map)];
      case 'loadTime':
        return ['loadTime', width, operation.name];
      case 'function':
        return ['function', operation.name];
      case 'kernelField':
        return ['kernelField', operation.struct, operation.field, operation.size];
      case 'slot': {
        const known = this.slots.get(operation.slot) ?? this.slots.size;
        this.slots.set(operation.slot, known);
        return ['slot', known];
      }
      default:
        throw new Error(`${operation.op} is not floating`);
    }
  }

  private writeValue(value: Value): JsonValue {
    const { operation, width, position, operands } = value;
    const place = this.tables.position(position);
    const written: JsonValue = [
      operation.op,
      width,
      place,
      operands.map((operand) => this.operand(operand)),
    ];
    switch (operation.op) {
      case 'parameter':
        written.push(operation.index);
        break;
      case 'byteSwap':
        written.push(operation.bits);
        break;
      case 'load':
      case 'store':
      case 'atomicAdd':
        written.push(operation.access.offset, operation.access.size, operation.access.space);
        break;
      case 'call':
        written.push(operation.helper, operation.name, operation.movesPacket ? 1 : 0);
        break;
      case 'turn':
        written.push(operation.limit);
        break;
      case 'callSubprogram':
      case 'callKernelFunction':
        written.push(operation.name, operation.movesPacket ? 1 : 0);
        break;
      case 'add':
        if (operation.isPacketPointer) written.push(1);
        break;
    }
    return written;
  }

  private writeEnd(end: Terminator): JsonEnd {
    switch (end.kind) {
      case 'jump':
        return ['jump', this.block(end.to)];
      case 'return':
        return ['return', this.operand(end.value), this.tables.position(end.position)];
      case 'branch':
        return [
          'branch',
          end.comparison,
          this.operand(end.left),
          this.operand(end.right),
          this.block(end.ifTrue),
          this.block(end.ifFalse),
          this.tables.position(end.position),
        ];
    }
  }
}
