/**
 * Finds functions in ELF files: where in the file a symbol's code lies. Trusts no byte of the file.
 *
 * @source System V ABI, chapters 4 and 5; elf(5)
 */
import { readFileSync } from 'node:fs';

/** A file is no ELF file for this machine, or has no such function. */
export class SymbolError extends Error {
  readonly code = 'ERR_SYMBOL';
  constructor(
    readonly path: string,
    readonly symbol: string,
    detail: string,
  ) {
    super(`find function ${symbol} in ${path}: ${detail}`);
    this.name = 'SymbolError';
  }
}

/** 0x7f, then `ELF`. */
const MAGIC = 0x464c_457f;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const header = { size: 64, programs: 32, sections: 40, programSize: 54, programCount: 56 };
const sectionCountAt = { size: 58, count: 60 };
const section = { type: 4, offset: 24, size: 32, link: 40 };
const segment = { type: 0, offset: 8, address: 16, fileSize: 32 };
const symbolAt = { size: 24, name: 0, info: 4, address: 8 };
const SECTION_SYMBOLS = 2;
const SECTION_DYNAMIC_SYMBOLS = 11;
const SEGMENT_LOAD = 1;
const TYPE_FUNCTION = 2;

/**
 * The offset in the file of a function's first instruction.
 *
 * @throws SymbolError where it is no ELF file of 64 bits, or has no such function
 */
export function findFunction(path: string, name: string): number {
  const bytes = readFileSync(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isElf = bytes.length >= header.size && view.getUint32(0, true) === MAGIC;
  if (!isElf || view.getUint8(4) !== CLASS_64 || view.getUint8(5) !== LITTLE_ENDIAN) {
    throw new SymbolError(path, name, 'no ELF file of 64 bits, little-endian');
  }
  try {
    const address = addressOf(view, bytes, name);
    if (address === undefined) throw new SymbolError(path, name, 'no such function (stripped?)');
    const offset = fileOffset(view, address);
    if (offset === undefined) throw new SymbolError(path, name, 'its code is not in the file');
    return offset;
  } catch (error) {
    if (error instanceof RangeError) throw new SymbolError(path, name, 'the file is cut off');
    throw error;
  }
}

function addressOf(view: DataView, bytes: Uint8Array, name: string): bigint | undefined {
  const wanted = Buffer.from(`${name}\0`, 'latin1');
  const start = Number(view.getBigUint64(header.sections, true));
  const size = view.getUint16(sectionCountAt.size, true);
  const count = view.getUint16(sectionCountAt.count, true);
  const place = (index: number) => start + index * size;
  for (let index = 0; index < count; index++) {
    const type = view.getUint32(place(index) + section.type, true);
    if (type !== SECTION_SYMBOLS && type !== SECTION_DYNAMIC_SYMBOLS) continue;
    const strings = place(view.getUint32(place(index) + section.link, true));
    const names = Number(view.getBigUint64(strings + section.offset, true));
    const from = Number(view.getBigUint64(place(index) + section.offset, true));
    const end = from + Number(view.getBigUint64(place(index) + section.size, true));
    for (let at = from; at + symbolAt.size <= end; at += symbolAt.size) {
      if ((view.getUint8(at + symbolAt.info) & 15) !== TYPE_FUNCTION) continue;
      const address = view.getBigUint64(at + symbolAt.address, true);
      const text = names + view.getUint32(at + symbolAt.name, true);
      const isNamed = wanted.equals(bytes.subarray(text, text + wanted.length));
      if (isNamed && address !== 0n) return address;
    }
  }
  return undefined;
}

/** Addresses are those in memory; a segment says where in the file they come from. */
function fileOffset(view: DataView, address: bigint): number | undefined {
  const start = Number(view.getBigUint64(header.programs, true));
  const size = view.getUint16(header.programSize, true);
  const count = view.getUint16(header.programCount, true);
  for (let at = start; at < start + count * size; at += size) {
    if (view.getUint32(at + segment.type, true) !== SEGMENT_LOAD) continue;
    const from = view.getBigUint64(at + segment.address, true);
    const length = view.getBigUint64(at + segment.fileSize, true);
    if (address < from || address >= from + length) continue;
    return Number(address - from + view.getBigUint64(at + segment.offset, true));
  }
  return undefined;
}
