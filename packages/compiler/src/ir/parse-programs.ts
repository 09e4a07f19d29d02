/**
 * Reads what `writePrograms` wrote: the file may come from another version, or be damaged. Whatever
 * passes is what was written, and that was well-formed IR.
 */
import type { MapShape } from '@skep/bytecode';
import { isBinary } from './arithmetic.ts';
import type {
  Access,
  Block,
  FetchOperator,
  IrProgram,
  Operation,
  Slot,
  SourcePosition,
  Space,
  Terminator,
  Value,
  Width,
} from './ir.ts';
import { IrFunction, turnsMax } from './ir.ts';
import { checksumOf, jsonComparisons, jsonEnds, jsonFormat, jsonVersion } from './json-format.ts';
import { type IntegerReader, JsonReader } from './json-reader.ts';

const fetchOperators: readonly FetchOperator[] = [
  ...(['add', 'and', 'or', 'xor', 'exchange', 'compareExchange'] as const),
];

const spaces: readonly Space[] = [
  ...(['context', 'packetBounds', 'packet', 'map', 'stack', 'ringBuffer', 'any'] as const),
];

/**
 * The programs in `text`.
 * @throws TypeError that says where the text is not what was expected.
 */
export function parsePrograms(text: string): IrProgram[] {
  const end = text.indexOf('\n');
  const head = new JsonReader('programs', parseJson(text.slice(0, end)));
  head.field('format').oneOf([jsonFormat]);
  const version = head.field('version').integer();
  if (version !== jsonVersion) {
    head.field('version').refuse(`${jsonVersion} (build the programs again)`);
  }
  const body = text.slice(end + 1).trimEnd();
  const checksum = checksumOf(body);
  if (head.field('checksum').integer() !== checksum) {
    head.field('checksum').refuse(`${checksum}: the file is damaged (build the programs again)`);
  }
  const file = new JsonReader('programs', parseJson(body));
  const tables = new Tables(file);
  return file
    .field('programs')
    .items()
    .map((program) => ({
      name: program.field('name').text(),
      programType: program.field('programType').integer(),
      ...(program.has('attachType') ? { attachType: program.field('attachType').integer(0) } : {}),
      ...(program.has('attachTarget')
        ? { attachTarget: program.field('attachTarget').text() }
        : {}),
      license: program.field('license').text(),
      functions: program
        .field('functions')
        .items(1)
        .map((made) => new FunctionParser(made, tables).parse()),
    }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`parse programs: not json: ${(cause as Error).message}`, { cause });
  }
}

class Tables {
  private readonly maps: MapShape[];
  private readonly positions: SourcePosition[];
  private readonly operations: { readonly operation: Operation; readonly width: Width }[];

  constructor(file: JsonReader) {
    const files = file.field('files').items();
    const texts = file.field('texts').items();
    this.maps = file.field('maps').items().map(parseMap);
    this.positions = file
      .field('positions')
      .items()
      .map((position) => ({
        file: files[position.item(0).integer(0, files.length - 1)]!.text(),
        line: position.item(1).integer(0),
        column: position.item(2).integer(0),
        text: texts[position.item(3).integer(0, texts.length - 1)]!.text(),
      }));
    this.operations = file
      .field('operations')
      .items()
      .map((each) => ({ operation: parseOperation(each), width: parseWidth(each.item(1)) }));
  }

  map(reader: JsonReader): MapShape {
    return this.maps[reader.integer(0, this.maps.length - 1)]!;
  }

  positionAt(index: number): SourcePosition | null {
    return this.positions[index] ?? null;
  }

  position(integers: IntegerReader): SourcePosition | null {
    return this.positionAt(integers.next(-1, this.positions.length - 1));
  }

  operation(integers: IntegerReader): { readonly operation: Operation; readonly width: Width } {
    return this.operations[integers.next(0, this.operations.length - 1)]!;
  }
}

function parseMap(reader: JsonReader): MapShape {
  const shape = {
    name: reader.field('name').text(),
    kind: reader.field('kind').text() as MapShape['kind'],
    keySize: reader.field('keySize').integer(0),
    valueSize: reader.field('valueSize').integer(0),
    maxEntries: reader.field('maxEntries').integer(0),
    flags: reader.field('flags').integer(0),
  };
  return { ...shape, ...parseInner(reader), ...parseContents(reader), ...parseFields(reader) };
}

function parseInner(reader: JsonReader): Pick<MapShape, 'inner'> {
  return reader.has('inner') ? { inner: parseMap(reader.field('inner')) } : {};
}

function parseContents(reader: JsonReader): Pick<MapShape, 'contents' | 'isFrozen'> {
  if (!reader.has('contents')) return {};
  const contents = reader.field('contents').text();
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(contents) && contents.length % 4 === 0;
  if (!isBase64) reader.field('contents').refuse('base64');
  return { contents, isFrozen: reader.field('isFrozen').boolean() };
}

function parseFields(reader: JsonReader): Pick<MapShape, 'kernelFields'> {
  if (!reader.has('kernelFields')) return {};
  const fields = reader.field('kernelFields').items();
  const kernelFields = fields.map((each) => {
    return { type: each.field('type').text(), offset: each.field('offset').integer(0) };
  });
  return { kernelFields };
}

class FunctionParser {
  private readonly made: IrFunction;
  private readonly floating: readonly Value[];
  private readonly values: Value[] = [];

  constructor(
    private readonly reader: JsonReader,
    private readonly tables: Tables,
  ) {
    const position = tables.positionAt(reader.field('position').integer());
    this.made = new IrFunction(reader.field('name').text(), position);
    if (reader.has('global')) {
      const words = ['context', 'integer'] as const;
      this.made.global = reader
        .field('global')
        .items()
        .map((each) => each.oneOf(words));
    }
    const slots = reader
      .field('slots')
      .items()
      .map((slot): Slot => ({ name: slot.item(0).text(), size: slot.item(1).integer(1) }));
    this.floating = reader
      .field('floating')
      .items()
      .map((each) => this.parseFloating(each, slots));
  }

  /** Blocks and values first, because ends and operands may name those that come later. */
  parse(): IrFunction {
    this.parseValues();
    const { values } = this;
    const operands = this.reader.field('operands').integers();
    values.forEach((value) => {
      for (let left = operands.next(0); left > 0; left--) {
        value.operands.push(this.operand(operands));
      }
    });
    operands.finish();
    const predecessors = this.reader.field('predecessors').integers();
    const ends = this.reader.field('ends').integers();
    this.made.blocks.forEach((block) => {
      for (let left = predecessors.next(0); left > 0; left--) {
        block.predecessors.push(this.block(predecessors));
      }
      block.terminator = this.parseEnd(ends);
    });
    predecessors.finish();
    ends.finish();
    return this.made;
  }

  private parseValues(): void {
    const blocks = this.reader.field('blocks').integers();
    const values = this.reader.field('values').integers();
    do {
      const block = this.made.makeBlock();
      block.loopDepth = blocks.next(0);
      for (let left = blocks.next(0); left > 0; left--) {
        const { operation, width } = this.tables.operation(values);
        const value = this.made.makeValue(operation, [], width, this.tables.position(values));
        value.block = block;
        block.values.push(value);
        this.values.push(value);
      }
    } while (!blocks.isAtEnd);
    values.finish();
  }

  private parseFloating(reader: JsonReader, slots: readonly Slot[]): Value {
    switch (
      reader
        .item(0)
        .oneOf(['constant', 'map', 'mapValue', 'slot', 'loadTime', 'function', 'kernelField'])
    ) {
      case 'constant':
        return this.made.makeConstant(reader.item(2).bigint(), parseWidth(reader.item(1)));
      case 'map':
        return this.made.makeValue({ op: 'map', map: this.tables.map(reader.item(1)) }, [], 64);
      case 'mapValue':
        return this.made.makeValue(
          { op: 'mapValue', map: this.tables.map(reader.item(1)) },
          [],
          64,
        );
      case 'slot': {
        const slot = slots[reader.item(1).integer(0, slots.length - 1)]!;
        return this.made.makeValue({ op: 'slot', slot }, [], 64);
      }
      case 'kernelField': {
        const [struct, field] = [reader.item(1).text(), reader.item(2).text()];
        const size = reader.item(3).integer(1, 8);
        return this.made.makeValue({ op: 'kernelField', struct, field, size }, [], 64);
      }
      case 'function':
        return this.made.makeValue({ op: 'function', name: reader.item(1).text() }, [], 64);
      case 'loadTime': {
        const name = reader.item(2).text();
        return this.made.makeValue({ op: 'loadTime', name }, [], parseWidth(reader.item(1)));
      }
    }
  }

  private block(integers: IntegerReader): Block {
    return this.made.blocks[integers.next(0, this.made.blocks.length - 1)]!;
  }

  private operand(integers: IntegerReader): Value {
    const index = integers.next(-this.floating.length, this.values.length - 1);
    return index < 0 ? this.floating[-1 - index]! : this.values[index]!;
  }

  private parseEnd(ends: IntegerReader): Terminator {
    switch (jsonEnds[ends.next(0, jsonEnds.length - 1)]!) {
      case 'jump':
        return { kind: 'jump', to: this.block(ends) };
      case 'return': {
        const value = this.operand(ends);
        return { kind: 'return', value, position: this.tables.position(ends) };
      }
      case 'branch': {
        const comparison = jsonComparisons[ends.next(0, jsonComparisons.length - 1)]!;
        const [left, right] = [this.operand(ends), this.operand(ends)];
        const [ifTrue, ifFalse] = [this.block(ends), this.block(ends)];
        const position = this.tables.position(ends);
        const { width } = left;
        return { kind: 'branch', comparison, left, right, width, ifTrue, ifFalse, position };
      }
    }
  }
}

function parseWidth(reader: JsonReader): Width {
  return reader.oneOf([32, 64]);
}

function parseOperation(reader: JsonReader): Operation {
  const op = reader.item(0).text();
  if (isBinary(op)) return reader.length > 2 ? { op, isPacketPointer: true } : { op };
  switch (op) {
    case 'context':
    case 'neg':
    case 'zeroExtend':
    case 'signExtend':
    case 'truncate':
    case 'phi':
      return { op };
    case 'parameter':
      return { op, index: reader.item(2).integer(0, 4) };
    case 'byteSwap': {
      const bits = reader.item(2).oneOf([16, 32, 64]);
      return reader.length > 3 ? { op, bits, isWhole: true } : { op, bits };
    }
    case 'load':
    case 'store':
    case 'atomicAdd':
      return { op, access: parseAccess(reader, reader.length > 5) };
    case 'atomicFetch':
      return { op, access: parseAccess(reader), operator: reader.item(5).oneOf(fetchOperators) };
    case 'call': {
      const [helper, name] = [reader.item(2).integer(0), reader.item(3).text()];
      return { op, helper, name, movesPacket: reader.item(4).integer(0, 1) === 1 };
    }
    case 'turn':
      return { op, limit: reader.item(2).integer(1, turnsMax) };
    case 'callSubprogram':
    case 'callKernelFunction': {
      const called = {
        name: reader.item(2).text(),
        movesPacket: reader.item(3).integer(0, 1) === 1,
      };
      if (op === 'callSubprogram' || reader.length <= 4) return { op, ...called };
      return { op, ...called, resultBytes: reader.item(4).oneOf([0, 1, 2, 4, 8]) };
    }
    default:
      return reader.item(0).refuse('an operation of the intermediate representation');
  }
}

function parseAccess(reader: JsonReader, hasFlag = false): Access {
  return {
    offset: reader.item(2).integer(-0x8000, 0x7fff),
    size: reader.item(3).oneOf([1, 2, 4, 8]),
    space: reader.item(4).oneOf(spaces),
    ...(hasFlag ? { isAtomic: true } : {}),
  };
}
