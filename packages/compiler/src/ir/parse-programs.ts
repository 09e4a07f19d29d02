/**
 * Reads what `writePrograms` wrote, and trusts none of it: the file may come from another version,
 * or be damaged. Whatever passes is well-formed IR.
 */
import type { MapShape } from '@skep/bytecode';
import { isBinary } from './arithmetic.ts';
import { negated } from './comparison.ts';
import type {
  Access,
  Block,
  Comparison,
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
import { jsonFormat, jsonVersion } from './json-format.ts';
import { JsonReader } from './json-reader.ts';
import { verifyFunction } from './verify.ts';

const spaces: readonly Space[] = ['context', 'packet', 'map', 'stack', 'ringBuffer', 'any'];

/**
 * The programs in `text`.
 * @throws TypeError that says where the text is not what was expected.
 */
export function parsePrograms(text: string): IrProgram[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`parse programs: not json: ${(cause as Error).message}`, { cause });
  }
  const file = new JsonReader('programs', json);
  file.field('format').oneOf([jsonFormat]);
  const version = file.field('version').integer();
  if (version !== jsonVersion) {
    file.field('version').refuse(`${jsonVersion} (build the programs again)`);
  }
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
        .map((made) => parseFunction(made, tables)),
    }));
}

class Tables {
  private readonly maps: MapShape[];
  private readonly positions: SourcePosition[];

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
  }

  map(reader: JsonReader): MapShape {
    return this.maps[reader.integer(0, this.maps.length - 1)]!;
  }

  position(reader: JsonReader): SourcePosition | null {
    return this.positions[reader.integer(-1, this.positions.length - 1)] ?? null;
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

function parseFunction(reader: JsonReader, tables: Tables): IrFunction {
  const made = new FunctionParser(reader, tables).parse();
  try {
    verifyFunction(made, 'reading json');
  } catch (cause) {
    throw new TypeError(`parse ${reader.path}: ${(cause as Error).message}`, { cause });
  }
  return made;
}

class FunctionParser {
  private readonly made: IrFunction;
  private readonly blocks: readonly JsonReader[];
  private readonly floating: readonly Value[];
  private readonly values: Value[] = [];

  constructor(
    reader: JsonReader,
    private readonly tables: Tables,
  ) {
    this.made = new IrFunction(
      reader.field('name').text(),
      tables.position(reader.field('position')),
    );
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
    this.blocks = reader.field('blocks').items(1);
  }

  /** Values first, because operands may name values that come later. */
  parse(): IrFunction {
    for (const reader of this.blocks) {
      const block = this.made.makeBlock();
      block.loopDepth = reader.item(0).integer(0);
      for (const value of reader.item(2).items()) this.parseValue(value, block);
    }
    let next = 0;
    this.blocks.forEach((reader, index) => {
      const block = this.made.blocks[index]!;
      block.predecessors = reader
        .item(1)
        .items()
        .map((each) => this.block(each));
      for (const value of reader.item(2).items()) {
        this.values[next++]!.operands = value
          .item(3)
          .items()
          .map((each) => this.operand(each));
      }
      block.terminator = this.parseEnd(reader.item(3));
    });
    return this.made;
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

  private parseValue(reader: JsonReader, block: Block): void {
    const operation = parseOperation(reader);
    const width = parseWidth(reader.item(1));
    const value = this.made.makeValue(operation, [], width, this.tables.position(reader.item(2)));
    value.block = block;
    block.values.push(value);
    this.values.push(value);
  }

  private block(reader: JsonReader): Block {
    return this.made.blocks[reader.integer(0, this.made.blocks.length - 1)]!;
  }

  private operand(reader: JsonReader): Value {
    const index = reader.integer(-this.floating.length, this.values.length - 1);
    return index < 0 ? this.floating[-1 - index]! : this.values[index]!;
  }

  private parseEnd(reader: JsonReader): Terminator {
    switch (reader.item(0).oneOf(['jump', 'branch', 'return'])) {
      case 'jump':
        return { kind: 'jump', to: this.block(reader.item(1)) };
      case 'return': {
        const value = this.operand(reader.item(1));
        return { kind: 'return', value, position: this.tables.position(reader.item(2)) };
      }
      case 'branch': {
        const left = this.operand(reader.item(2));
        return {
          kind: 'branch',
          comparison: reader.item(1).oneOf(Object.keys(negated)) as Comparison,
          left,
          right: this.operand(reader.item(3)),
          width: left.width,
          ifTrue: this.block(reader.item(4)),
          ifFalse: this.block(reader.item(5)),
          position: this.tables.position(reader.item(6)),
        };
      }
    }
  }
}

function parseWidth(reader: JsonReader): Width {
  return reader.oneOf([32, 64]);
}

function parseOperation(reader: JsonReader): Operation {
  const op = reader.item(0).text();
  if (isBinary(op)) return reader.length > 4 ? { op, isPacketPointer: true } : { op };
  switch (op) {
    case 'context':
    case 'neg':
    case 'zeroExtend':
    case 'signExtend':
    case 'truncate':
    case 'phi':
      return { op };
    case 'parameter':
      return { op, index: reader.item(4).integer(0, 4) };
    case 'byteSwap':
      return { op, bits: reader.item(4).oneOf([16, 32, 64]) };
    case 'load':
    case 'store':
    case 'atomicAdd':
      return { op, access: parseAccess(reader) };
    case 'call': {
      const [helper, name] = [reader.item(4).integer(0), reader.item(5).text()];
      return { op, helper, name, movesPacket: reader.item(6).integer(0, 1) === 1 };
    }
    case 'turn':
      return { op, limit: reader.item(4).integer(1, turnsMax) };
    case 'callSubprogram':
    case 'callKernelFunction':
      return { op, name: reader.item(4).text(), movesPacket: reader.item(5).integer(0, 1) === 1 };
    default:
      return reader.item(0).refuse('an operation of the intermediate representation');
  }
}

function parseAccess(reader: JsonReader): Access {
  return {
    offset: reader.item(4).integer(-0x8000, 0x7fff),
    size: reader.item(5).oneOf([1, 2, 4, 8]),
    space: reader.item(6).oneOf(spaces),
  };
}
