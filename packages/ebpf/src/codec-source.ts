/**
 * The source text of encoders and decoders: one statement for each field, offsets as literals. Both
 * run with `view` and `bytes` of the same memory and the struct's start at `base`.
 */
import type { AnyInteger, ArrayField, Field, StructLayout } from './struct.ts';

/** One field, at an offset from the start of the outermost layout. */
export interface FieldCode {
  readonly field: Field;
  /** As errors name it. */
  readonly path: string;
  readonly offset: number;
}

/** A function of (view, bytes, base, value). */
export function encoderSource(root: FieldCode): string {
  const clear = `bytes.fill(0, base, base + ${root.field.size});`;
  const body = `${hasPadding(root.field) ? clear : ''}${encodeField(root, 'value', 0)}`;
  return `function (view, bytes, base, value) { ${body} }`;
}

/** A function of (view, bytes, base). */
export function decoderSource(root: FieldCode): string {
  return `function (view, bytes, base) { return ${decodeField(root, 'base', 0)}; }`;
}

function hasPadding(field: Field): boolean {
  if (field.kind === 'integer') return false;
  if (field.kind === 'array') return hasPadding(field.element);
  // A member may be shorter than its union.
  if (field.isUnion) return true;
  const used = field.fields.reduce((sum, each) => sum + each.field.size, 0);
  return used < field.size || field.fields.some((each) => hasPadding(each.field));
}

function isBytes(field: ArrayField): boolean {
  const { element } = field;
  return element.kind === 'integer' && element.type === 'u8' && !element.values;
}

const at = (start: string, offset: number): string => `${start} + ${offset}`;

// ---- decoding -----------------------------------------------------------------------------------

function decodeField({ field, path, offset }: FieldCode, start: string, depth: number): string {
  if (field.kind === 'integer') return decodeInteger(field, at(start, offset));
  if (field.kind === 'array') return decodeArray({ field, path, offset }, field, start, depth);
  const members = field.fields.map((each) => {
    const code = { field: each.field, path, offset: offset + each.offset };
    return `${JSON.stringify(each.name)}: ${decodeField(code, start, depth)}`;
  });
  return `{ ${members.join(', ')} }`;
}

function decodeInteger(field: AnyInteger, place: string): string {
  const { size, isBigEndian, type } = field;
  if (type === 'bool') return `bytes[${place}] !== 0`;
  if (size === 1) return `bytes[${place}]`;
  return `view.get${accessor(field)}(${place}, ${!isBigEndian})`;
}

function accessor({ size, isSigned }: AnyInteger): string {
  const prefix = size === 8 ? 'Big' : '';
  return `${prefix}${isSigned ? 'Int' : 'Uint'}${size * 8}`;
}

function decodeArray(
  { path, offset }: FieldCode,
  field: ArrayField,
  start: string,
  depth: number,
): string {
  const first = at(start, offset);
  // Not `subarray`: the memory may change or go away after the call.
  if (isBytes(field)) {
    return `Uint8Array.prototype.slice.call(bytes, ${first}, ${first} + ${field.size})`;
  }
  const own = `start${depth}`;
  const element = decodeField({ field: field.element, path, offset: 0 }, own, depth + 1);
  const index = `(${first}) + index * ${field.element.size}`;
  return (
    `Array.from({ length: ${field.count} }, (_, index) => ` +
    `{ const ${own} = ${index}; return (${element}); })`
  );
}

// ---- encoding -----------------------------------------------------------------------------------

function encodeField({ field, path, offset }: FieldCode, value: string, depth: number): string {
  if (field.kind === 'integer') return encodeInteger(field, path, value, at('base', offset));
  if (field.kind === 'array') return encodeArray({ field, path, offset }, field, value, depth);
  const own = `object${depth}`;
  const wrong = fail(path, own, 'an object');
  const check = `if (typeof ${own} !== 'object' || ${own} === null) ${wrong}`;
  const members = field.fields.map((each) => {
    const member = `${path}.${each.name}`;
    const code = { field: each.field, path: member, offset: offset + each.offset };
    const given = `${own}[${JSON.stringify(each.name)}]`;
    const encoded = encodeField(code, given, depth + 1);
    return field.isUnion ? `if (${given} !== undefined) ${encoded}` : encoded;
  });
  if (field.isUnion) members.unshift(refuseEmpty(field, path, own));
  return `{ const ${own} = ${value}; ${check} ${members.join(' ')} }`;
}

function refuseEmpty({ fields }: StructLayout, path: string, own: string): string {
  const names = fields.map((each) => each.name);
  const isAbsent = names.map((name) => `${own}[${JSON.stringify(name)}] === undefined`);
  return `if (${isAbsent.join(' && ')}) ${fail(path, own, `one of ${names.join(', ')}`)}`;
}

function fail(path: string, value: string, expected: string): string {
  return `fail(${JSON.stringify(path)}, ${value}, ${JSON.stringify(expected)});`;
}

function encodeInteger(field: AnyInteger, path: string, value: string, place: string): string {
  const { size, isBigEndian, type, isSigned } = field;
  const own = `{ let v = ${value};`;
  if (type === 'bool') {
    const check = `if (typeof v !== 'boolean') ${fail(path, 'v', 'a boolean')}`;
    return `${own} ${check} bytes[${place}] = v ? 1 : 0; }`;
  }
  const bits = BigInt(size * 8);
  const low = isSigned ? -(1n << (bits - 1n)) : 0n;
  const high = isSigned ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  const expected = `${type} (${low} to ${high})`;
  const wrong = fail(path, 'v', expected);
  const write = `view.set${accessor(field)}(${place}, v, ${!isBigEndian}); }`;
  if (size === 8) {
    const widen = `if (typeof v === 'number' && Number.isSafeInteger(v)) v = BigInt(v);`;
    const test = `if (typeof v !== 'bigint' || v < ${low}n || v > ${high}n) ${wrong}`;
    return `${own} ${widen} ${test} ${write}`;
  }
  return `${own} if (!Number.isInteger(v) || v < ${low} || v > ${high}) ${wrong} ${write}`;
}

function encodeArray(
  { path, offset }: FieldCode,
  field: ArrayField,
  value: string,
  depth: number,
): string {
  const own = `list${depth}`;
  const expected = `${field.count} elements`;
  const check = `if (${own}?.length !== ${field.count}) ${fail(path, own, expected)}`;
  const copy = `if (${own} instanceof Uint8Array) bytes.set(${own}, base + ${offset}); else`;
  const elements = Array.from({ length: field.count }, (_, index) => {
    const code: FieldCode = {
      field: field.element,
      path: `${path}[${index}]`,
      offset: offset + index * field.element.size,
    };
    return encodeField(code, `${own}[${index}]`, depth + 1);
  });
  const each = `{ ${elements.join(' ')} }`;
  return `{ const ${own} = ${value}; ${check} ${isBytes(field) ? copy : ''} ${each} }`;
}
