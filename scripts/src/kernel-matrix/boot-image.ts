/**
 * What is inside a bootable kernel image: the kernel itself, packed. A virtual machine that unpacks
 * it by itself, instruction by instruction, takes ten seconds longer to boot.
 *
 * @source Documentation/arch/x86/boot.rst
 */

/** What unpacks bytes that begin like this. */
const unpackers = [
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], tool: 'xz' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], tool: 'zstd' },
  { magic: [0x02, 0x21, 0x4c, 0x18], tool: 'lz4' },
  { magic: [0x1f, 0x8b], tool: 'gzip' },
] as const;

const SECTOR_BYTES = 512;
/** Sectors of the boot code where the header says none. */
const SETUP_SECTORS = 4;
/** Offsets in the header. */
const header = { setupSectors: 0x1f1, magic: 0x202, payloadOffset: 0x248, payloadLength: 0x24c };
const MAGIC = 'HdrS';
/** After the packed kernel stands its unpacked size; in gzip's form it is part of the form. */
const SIZE_BYTES = 4;

/** The packed kernel of a boot image (vmlinuz). @throws Error where it is no such image */
export function packedKernel(image: Uint8Array): Uint8Array {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const found = Buffer.from(image.subarray(header.magic, header.magic + MAGIC.length)).toString();
  if (found !== MAGIC) throw new Error(`boot image: found '${found}', expected '${MAGIC}'`);
  const sectors = (image[header.setupSectors] || SETUP_SECTORS) + 1;
  const start = sectors * SECTOR_BYTES + view.getUint32(header.payloadOffset, true);
  const payload = image.subarray(start, start + view.getUint32(header.payloadLength, true));
  return unpackerOf(payload) === 'gzip' ? payload : payload.subarray(0, -SIZE_BYTES);
}

/** The program that unpacks these bytes with `-dc`. @throws Error where that is not known */
export function unpackerOf(bytes: Uint8Array): (typeof unpackers)[number]['tool'] {
  const unpacker = unpackers.find(({ magic }) => magic.every((byte, at) => bytes[at] === byte));
  if (unpacker) return unpacker.tool;
  const found = Buffer.from(bytes.subarray(0, 6)).toString('hex');
  const known = unpackers.map(({ tool }) => tool).join(', ');
  throw new Error(`boot image: packed kernel begins ${found}, expected one of ${known}`);
}
