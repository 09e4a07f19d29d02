/**
 * A program object as bytes, to be shipped and loaded elsewhere: JSON in UTF-8, the code in base64.
 *
 * What is read may come from anywhere: all of it is checked before it is believed.
 */
import type { MapKind } from '@skep/ebpf';
import { decodePlaced } from './asm/decode.ts';
import { JsonValue, ObjectError } from './json-value.ts';
import { fromBase64, toBase64 } from './map-shape.ts';
import type { MapShape, ProgramObject } from './object.ts';

const FORMAT = 'skep program';
const VERSION = 1;
const NAME = /^[\w.]{1,15}$/;
const STACK_BYTES_MAX = 512 * 8;
const MAP_DEPTH_MAX = 2;

const kinds: Readonly<Record<MapKind, true>> = {
  hash: true,
  array: true,
  programArray: true,
  perCpuHash: true,
  perCpuArray: true,
  lruHash: true,
  lpmTrie: true,
  arrayOfMaps: true,
  hashOfMaps: true,
  ringBuffer: true,
  queue: true,
  stack: true,
  bloomFilter: true,
  deviceMap: true,
  deviceHash: true,
  cpuMap: true,
  xskMap: true,
  socketMap: true,
  socketHash: true,
  socketArray: true,
  socketStorage: true,
  cgroupStorage: true,
};
const mapKinds = Object.keys(kinds) as MapKind[];

/** Deterministic: equal objects give equal bytes. */
export function serialiseObject(object: ProgramObject): Uint8Array {
  const { name, programType, attachType, attachTarget, license } = object;
  const { maps, mapReferences, functions, lines, stackBytes } = object;
  const code = toBase64(object.code);
  return new TextEncoder().encode(
    JSON.stringify({
      format: FORMAT,
      version: VERSION,
      name,
      programType,
      ...(attachType === undefined ? {} : { attachType }),
      ...(attachTarget === undefined ? {} : { attachTarget }),
      license,
      code,
      maps: maps.map(plainShape),
      mapReferences: mapReferences.map(({ instruction, map }) => ({ instruction, map })),
      kernelFunctions: object.kernelFunctions?.map((each) => {
        const { instruction, name, parameters, resultBytes } = each;
        return { instruction, name, parameters, resultBytes };
      }),
      kernelFields: object.kernelFields?.map(({ instruction, struct, field, size }) => {
        return { instruction, struct, field, size };
      }),
      functions: functions.map(({ instruction, name, global }) => ({ instruction, name, global })),
      lines: lines.map(({ instruction, file, line, column, text }) => {
        return { instruction, file, line, column, text };
      }),
      stackBytes,
    }),
  );
}

function plainShape(shape: MapShape): MapShape {
  const { name, kind, keySize, valueSize, maxEntries, flags, inner, contents, isFrozen } = shape;
  const { kernelFields } = shape;
  const memory = contents === undefined ? {} : { contents, isFrozen: isFrozen ?? false };
  const plain = { name, kind, keySize, valueSize, maxEntries, flags, ...memory, kernelFields };
  return inner ? { ...plain, inner: plainShape(inner) } : plain;
}

/**
 * The object that `serialiseObject` wrote.
 *
 * @throws ObjectError that names the path of what is missing, wrong or of another version
 * @throws DecodeError where the code holds no instruction
 */
export function parseObject(bytes: Uint8Array): ProgramObject {
  const root = new JsonValue(parseJson(bytes));
  root.at('format').oneOf([FORMAT]);
  const version = root.at('version').integer();
  if (version !== VERSION) throw new ObjectError('version', `${version}, expected ${VERSION}`);
  const object: ProgramObject = {
    name: root.at('name').text(NAME),
    programType: root.at('programType').integer(1),
    ...(root.at('attachType').isAbsent ? {} : { attachType: root.at('attachType').integer() }),
    ...(root.at('attachTarget').isAbsent ? {} : { attachTarget: root.at('attachTarget').text() }),
    license: root.at('license').text(),
    code: readCode(root.at('code')),
    maps: root
      .at('maps')
      .list()
      .map((each) => readShape(each, 1)),
    mapReferences: root
      .at('mapReferences')
      .list()
      .map((each) => {
        return { instruction: each.at('instruction').integer(), map: each.at('map').text(NAME) };
      }),
    ...readKernelFunctions(root.at('kernelFunctions')),
    ...readKernelFields(root.at('kernelFields')),
    functions: root
      .at('functions')
      .list()
      .map((each) => {
        const range = {
          instruction: each.at('instruction').integer(),
          name: each.at('name').text(),
        };
        const global = each.at('global');
        if (global.isAbsent) return range;
        const words = ['context', 'integer'] as const;
        return { ...range, global: global.list().map((word) => word.oneOf(words)) };
      }),
    lines: root
      .at('lines')
      .list()
      .map((each) => ({
        instruction: each.at('instruction').integer(),
        file: each.at('file').text(),
        line: each.at('line').integer(1),
        column: each.at('column').integer(1),
        text: each.at('text').text(),
      })),
    stackBytes: root.at('stackBytes').integer(0, STACK_BYTES_MAX),
  };
  checkObject(object);
  return object;
}

function readKernelFunctions(value: JsonValue): Pick<ProgramObject, 'kernelFunctions'> {
  if (value.isAbsent) return {};
  const kernelFunctions = value.list().map((each) => {
    const [parameters, resultBytes] = [each.at('parameters'), each.at('resultBytes')];
    return {
      instruction: each.at('instruction').integer(),
      name: each.at('name').text(/^\w+$/),
      ...(parameters.isAbsent ? {} : { parameters: parameters.integer(0, 5) }),
      ...(resultBytes.isAbsent ? {} : { resultBytes: resultBytes.integer(0, 8) }),
    };
  });
  return { kernelFunctions };
}

function readKernelFields(value: JsonValue): Pick<ProgramObject, 'kernelFields'> {
  if (value.isAbsent) return {};
  const kernelFields = value.list().map((each) => ({
    instruction: each.at('instruction').integer(),
    struct: each.at('struct').text(/^\w+$/),
    field: each.at('field').text(/^[\w.]+$/),
    size: each.at('size').integer(1, 8),
  }));
  return { kernelFields };
}

function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ObjectError('', `${bytes.length} bytes that are no UTF-8`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const detail = `${bytes.length} bytes that are no JSON (cut off?)`;
    throw new ObjectError('', `${detail}: ${(error as Error).message}`);
  }
}

function readCode(value: JsonValue): Uint8Array {
  const text = value.text();
  try {
    return fromBase64(text);
  } catch {
    throw value.unexpected('base64');
  }
}

function readShape(value: JsonValue, depth: number): MapShape {
  const contents = value.at('contents');
  const memory = contents.isAbsent
    ? {}
    : {
        contents: toBase64(readCode(contents)),
        isFrozen: value.at('isFrozen').boolean(),
      };
  const fields = value.at('kernelFields');
  const kernelFields = fields.isAbsent
    ? {}
    : {
        kernelFields: fields.list().map((each) => {
          return { type: each.at('type').text(/^\w+$/), offset: each.at('offset').integer() };
        }),
      };
  const shape: MapShape = {
    ...memory,
    ...kernelFields,
    name: value.at('name').text(NAME),
    kind: value.at('kind').oneOf(mapKinds),
    keySize: value.at('keySize').integer(),
    valueSize: value.at('valueSize').integer(),
    maxEntries: value.at('maxEntries').integer(),
    flags: value.at('flags').integer(),
  };
  const inner = value.at('inner');
  if (inner.isAbsent) return shape;
  if (depth >= MAP_DEPTH_MAX) throw inner.unexpected('no map inside an inner map');
  return { ...shape, inner: readShape(inner, depth + 1) };
}

/**
 * Checks that the parts of an object fit together.
 *
 * @throws ObjectError; DecodeError where the code holds no instruction
 */
export function checkObject(object: ProgramObject): void {
  const kindsBySlot = new Map(
    decodePlaced(object.code).map(({ slot, instruction }) => [slot, instruction.kind]),
  );
  const maps = new Set(object.maps.map((shape) => shape.name));
  if (maps.size !== object.maps.length) throw new ObjectError('maps', 'two of one name');
  object.mapReferences.forEach(({ instruction, map }, index) => {
    const path = `mapReferences[${index}]`;
    if (!maps.has(map)) throw new ObjectError(path, `no map of the name ${map}`);
    if (kindsBySlot.get(instruction) === 'loadConstant') return;
    throw new ObjectError(path, `instruction ${instruction}, expected a 64-bit constant load`);
  });
  object.kernelFields?.forEach(({ instruction }, index) => {
    const kind = kindsBySlot.get(instruction);
    if (kind === 'loadConstant' || kind === 'load') return;
    const detail = `instruction ${instruction}, expected a load, or that of a 64-bit constant`;
    throw new ObjectError(`kernelFields[${index}]`, detail);
  });
  object.kernelFunctions?.forEach(({ instruction }, index) => {
    if (kindsBySlot.get(instruction) === 'call') return;
    throw new ObjectError(
      `kernelFunctions[${index}]`,
      `instruction ${instruction}, expected a call`,
    );
  });
  if (object.functions[0]?.instruction !== 0) {
    throw new ObjectError('functions', 'expected the first at instruction 0');
  }
  checkPlaces('functions', object.functions, kindsBySlot);
  checkPlaces('lines', object.lines, kindsBySlot);
}

/** Ascending, each at the beginning of an instruction. */
function checkPlaces(
  path: string,
  places: readonly { readonly instruction: number }[],
  starts: ReadonlyMap<number, string>,
): void {
  let previous = -1;
  places.forEach(({ instruction }, index) => {
    if (!starts.has(instruction)) {
      throw new ObjectError(`${path}[${index}]`, `no instruction begins at ${instruction}`);
    }
    if (instruction <= previous) {
      const detail = `instruction ${instruction} after ${previous}, expected ascending order`;
      throw new ObjectError(`${path}[${index}]`, detail);
    }
    previous = instruction;
  });
}
