/** Capture files as tcpdump reads and writes them. @source draft-ietf-opsawg-pcap */

/** One packet of a capture: the bytes that were kept, and how many there were. */
export interface CapturedFrame {
  readonly bytes: Uint8Array;
  readonly length: number;
}

const MAGIC = 0xa1b2c3d4;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const SNAP_LENGTH = 262_144;
const ETHERNET = 1;

/** A file of these frames; the second in which each was captured is its number. */
export function writeCapture(frames: readonly CapturedFrame[]): Uint8Array {
  const header = Buffer.alloc(FILE_HEADER);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAP_LENGTH, 16);
  header.writeUInt32LE(ETHERNET, 20);
  const records = frames.map(({ bytes, length }, index) => {
    const record = Buffer.alloc(RECORD_HEADER);
    record.writeUInt32LE(index, 0);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(length, 12);
    return Buffer.concat([record, bytes]);
  });
  return Buffer.concat([header, ...records]);
}

/** The seconds of the packets of a file that `writeCapture` or tcpdump wrote. */
export function readCaptureSeconds(file: Uint8Array): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const seconds: number[] = [];
  if (file.length === 0) return seconds;
  if (view.getUint32(0, true) !== MAGIC) {
    throw new Error(`capture: magic ${view.getUint32(0, true).toString(16)}, expected a1b2c3d4`);
  }
  for (let at = FILE_HEADER; at < file.length; ) {
    seconds.push(view.getUint32(at, true));
    at += RECORD_HEADER + view.getUint32(at + 8, true);
  }
  return seconds;
}
