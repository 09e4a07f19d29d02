/**
 * The text of a journal: one record a line, the checksum of its JSON before it. A record is a list
 * of changes that are made together; the first one says what the file is.
 */
import { crc32 } from 'node:zlib';
import { StateError } from './state-error.ts';

/** What a key stands for from now on; `null` for nothing. */
export type JournalChange = readonly [key: string, value: unknown];

const FORMAT = 'skep-agent-state';
/** Another meaning of keys and values is another version. */
const VERSION = 2;
const CHECKSUM_DIGITS = 8;
const NEWLINE = 0x0a;

/** The first record of every journal. */
export const JOURNAL_HEADER = encodeRecord([['journal', { format: FORMAT, version: VERSION }]]);

/** One line. */
export function encodeRecord(changes: readonly JournalChange[]): Buffer {
  const json = JSON.stringify(changes);
  return Buffer.from(`${checksumOf(json)} ${json}\n`);
}

/** What {@link decodeJournal} found. */
export interface DecodedJournal {
  readonly changes: readonly JournalChange[];
  /** Bytes of whole records: what follows is one that was cut off while it was written. */
  readonly length: number;
}

/**
 * Reads all whole records. The last one may be cut off: it was never confirmed to anyone. Anything
 * else that is not as it was written is refused.
 *
 * @throws StateError
 */
export function decodeJournal(bytes: Buffer, path: string): DecodedJournal {
  const changes: JournalChange[] = [];
  let start = 0;
  let record = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    const found = decodeRecord(bytes.toString('utf8', start, end), path, `byte ${start}`);
    if (record === 0) checkHeader(found, path);
    else changes.push(...found);
    start = end + 1;
    record++;
  }
  // The file gets its name when its first record is on disk: this is no record that was cut off.
  if (record === 0) throw new StateError(path, `${bytes.length} bytes, expected a whole record`);
  return { changes, length: start };
}

function decodeRecord(line: string, path: string, place: string): JournalChange[] {
  const json = line.slice(CHECKSUM_DIGITS + 1);
  const [found, expected] = [line.slice(0, CHECKSUM_DIGITS + 1), `${checksumOf(json)} `];
  if (found !== expected) {
    const damage = `record at ${place}: checksum '${found}', expected '${expected}'`;
    throw new StateError(path, `${damage}: the file is damaged`);
  }
  return JSON.parse(json) as JournalChange[];
}

function checkHeader([first]: JournalChange[], path: string): void {
  const [key, value] = first ?? [];
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (key !== 'journal' || format !== FORMAT) {
    throw new StateError(path, `format '${String(format)}', expected '${FORMAT}'`);
  }
  if (version === VERSION) return;
  const age = Number(version) > VERSION ? 'a newer' : 'an older';
  const problem = `version ${String(version)}, expected ${VERSION}: written by ${age} build`;
  throw new StateError(path, problem, 'start that build, or begin anew: skep uninstall --force');
}

function checksumOf(json: string): string {
  return crc32(json).toString(16).padStart(CHECKSUM_DIGITS, '0');
}
