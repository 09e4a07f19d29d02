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
  checksumOf,
  jsonComparisons,
  jsonEnds,
  type JsonFile,
  type JsonFloating,
  jsonFormat,
  type JsonFunction,
  type JsonOperation,
  type JsonPosition,
  jsonVersion,
} from './json-format.ts';
import { verifyFunction } from './verify.ts';

/**
 * Programs as JSON text; the same programs give the same text. `parsePrograms` reads it.
 * @throws Error for code that breaks an invariant of the IR.
 */
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
    maps: tables.maps.entries,
    files: tables.files.entries,
    texts: tables.texts.entries,
    positions: tables.positions.entries,
    operations: tables.operations.entries,
    programs: written,
  };
  const body = JSON.stringify(file);
  const head = { format: jsonFormat, version: jsonVersion, checksum: checksumOf(body) };
  return `${JSON.stringify(head)}\n${body}\n`;
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
  readonly operations = new Table<JsonOperation>();

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

  operation(value: Value): number {
    const entry = operationEntry(value);
    return this.operations.indexOf(entry.join(' '), entry);
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
    verifyFunction(made, 'building');
    this.blocks = new Map(made.blocks.map((block, index) => [block, index]));
    for (const block of made.blocks) {
      for (const value of block.values) this.numbers.set(value, this.numbers.size);
    }
  }

  write(): JsonFunction {
    const { name, position, global, blocks } = this.made;
    const values = blocks.flatMap((block) => block.values);
    // Before the slots and floating values that they use.
    const operands = values.flatMap((value) =>
      withCount(value.operands.map((operand) => this.operand(operand))),
    );
    const ends = blocks.flatMap((block) => this.writeEnd(block.terminator!));
    return {
      name,
      position: this.tables.position(position),
      ...(global ? { global } : {}),
      slots: [...this.slots.keys()].map(({ name, size }) => [name, size]),
      floating: this.floating.entries,
      blocks: blocks.flatMap((block) => [block.loopDepth, block.values.length]),
      values: values.flatMap((value) => [
        this.tables.operation(value),
        this.tables.position(value.position),
      ]),
      operands,
      predecessors: blocks.flatMap((block) =>
        withCount(block.predecessors.map((before) => this.block(before))),
      ),
      ends,
    };
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

  private writeEnd(end: Terminator): number[] {
    const kind = jsonEnds.indexOf(end.kind);
    switch (end.kind) {
      case 'jump':
        return [kind, this.block(end.to)];
      case 'return':
        return [kind, this.operand(end.value), this.tables.position(end.position)];
      case 'branch':
        return [
          kind,
          jsonComparisons.indexOf(end.comparison),
          this.operand(end.left),
          this.operand(end.right),
          this.block(end.ifTrue),
          this.block(end.ifFalse),
          this.tables.position(end.position),
        ];
    }
  }
}

function withCount(numbers: readonly number[]): number[] {
  return [numbers.length, ...numbers];
}

function operationEntry({ operation, width }: Value): JsonOperation {
  const { op } = operation;
  switch (op) {
    case 'parameter':
      return [op, width, operation.index];
    case 'byteSwap':
      return [op, width, operation.bits, ...(operation.isWhole ? [1] : [])];
    case 'load':
    case 'store':
    case 'atomicAdd': {
      const { offset, size, space, isAtomic } = operation.access;
      return [op, width, offset, size, space, ...(isAtomic ? [1] : [])];
    }
    case 'atomicFetch': {
      const { offset, size, space } = operation.access;
      return [op, width, offset, size, space, operation.operator];
    }
    case 'call':
      return [op, width, operation.helper, operation.name, operation.movesPacket ? 1 : 0];
    case 'turn':
      return [op, width, operation.limit];
    case 'callSubprogram':
      return [op, width, operation.name, operation.movesPacket ? 1 : 0];
    case 'callKernelFunction': {
      const { name, movesPacket, resultBytes } = operation;
      const result = resultBytes === undefined ? [] : [resultBytes];
      return [op, width, name, movesPacket ? 1 : 0, ...result];
    }
    case 'add':
      return operation.isPacketPointer ? [op, width, 1] : [op, width];
    default:
      return [op, width];
  }
}
