/**
 * A reader of the objects that clang makes of bench/c: one program for each section, maps by the
 * name of their symbol. Just enough for code without subprograms, data and BTF.
 *
 * @source ELF-64 object file format; R_BPF_64_64, Documentation/bpf/llvm_reloc.rst
 */
import type { MapReference, MapShape, ProgramObject } from '@skep/bytecode';

interface Section {
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  /** The symbol table of relocations, the string table of symbols. */
  readonly link: number;
  /** The section that relocations are for. */
  readonly info: number;
}

/** What a C object cannot say. */
export interface ElfProgram {
  /** As in `PROGRAM(name)`: at most 15 characters. */
  readonly name: string;
  /** @alias BPF_PROG_TYPE_* */
  readonly programType: number;
  /** By the name of the C symbol. */
  readonly maps: Readonly<Record<string, MapShape>>;
}

const SECTION_RELOCATIONS = 9;
const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 16;
const SECTION_HEADER_BYTES = 64;

/**
 * Reads one program.
 *
 * @throws Error when it has no such section, or names a map that is not given
 */
export function readElfProgram(file: Uint8Array, wanted: ElfProgram): ProgramObject {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const sections = readSections(bytes);
  const index = sections.findIndex((section) => section.name === `program/${wanted.name}`);
  const section = sections[index];
  if (!section) throw new Error(`object: no section program/${wanted.name}`);
  const mapReferences: MapReference[] = [];
  for (const relocations of sections) {
    if (relocations.type !== SECTION_RELOCATIONS || relocations.info !== index) continue;
    mapReferences.push(...readRelocations(bytes, sections, relocations, wanted.maps));
  }
  const code = new Uint8Array(bytes.subarray(section.offset, section.offset + section.size));
  for (const { instruction } of mapReferences) markMapDescriptor(code, instruction);
  const maps = [...new Set(mapReferences.map((reference) => reference.map))];
  return {
    name: wanted.name,
    programType: wanted.programType,
    license: 'GPL',
    code,
    maps: Object.values(wanted.maps).filter((shape) => maps.includes(shape.name)),
    mapReferences,
    functions: [{ instruction: 0, name: wanted.name }],
    lines: [],
    stackBytes: 512,
  };
}

/** Says that the constant of a 16-byte load is a map's descriptor: source register 1. */
function markMapDescriptor(code: Uint8Array, instruction: number): void {
  const registers = instruction * 8 + 1;
  code[registers] = (code[registers]! & 0x0f) | 0x10;
}

function readSections(bytes: Buffer): Section[] {
  const start = Number(bytes.readBigUInt64LE(0x28));
  const count = bytes.readUInt16LE(0x3c);
  const names = readSection(bytes, start + bytes.readUInt16LE(0x3e) * SECTION_HEADER_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * SECTION_HEADER_BYTES;
    const name = text(bytes, names.offset + bytes.readUInt32LE(at));
    return { ...readSection(bytes, at), name };
  });
}

function readSection(bytes: Buffer, at: number): Omit<Section, 'name'> {
  return {
    type: bytes.readUInt32LE(at + 4),
    offset: Number(bytes.readBigUInt64LE(at + 24)),
    size: Number(bytes.readBigUInt64LE(at + 32)),
    link: bytes.readUInt32LE(at + 40),
    info: bytes.readUInt32LE(at + 44),
  };
}

function readRelocations(
  bytes: Buffer,
  sections: readonly Section[],
  { offset, size, link }: Section,
  maps: Readonly<Record<string, MapShape>>,
): MapReference[] {
  const symbols = sections[link]!;
  const names = sections[symbols.link]!;
  const references: MapReference[] = [];
  for (let at = offset; at < offset + size; at += RELOCATION_BYTES) {
    const symbol = symbols.offset + bytes.readUInt32LE(at + 12) * SYMBOL_BYTES;
    const name = text(bytes, names.offset + bytes.readUInt32LE(symbol));
    const shape = maps[name];
    if (!shape) throw new Error(`object symbol ${name}: found no map of this name`);
    references.push({ instruction: Number(bytes.readBigUInt64LE(at)) / 8, map: shape.name });
  }
  return references;
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}
