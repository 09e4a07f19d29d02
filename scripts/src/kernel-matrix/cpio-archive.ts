/**
 * An archive in cpio's `newc` form, which the kernel unpacks as its first root file system.
 *
 * @source Documentation/driver-api/early-userspace/buffer-format.rst
 */

/** One entry: a directory, or a file with its bytes. */
export interface ArchiveEntry {
  /** Without a leading slash. Directories come before what is in them. */
  readonly path: string;
  /** Absent for a directory. */
  readonly content?: Uint8Array;
}

const DIRECTORY = 0o040755;
const EXECUTABLE = 0o100755;
/** What headers and contents are padded to. */
const ALIGNMENT_BYTES = 4;

/** The bytes of an archive; every file in it is executable and root's. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts = entries.flatMap((entry, index) => entryBytes(entry, index + 1));
  return Buffer.concat([...parts, ...entryBytes({ path: 'TRAILER!!!' }, 0, 0)]);
}

function entryBytes(
  { path, content }: ArchiveEntry,
  inode: number,
  mode = content ? EXECUTABLE : DIRECTORY,
): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const bytes = content ?? new Uint8Array(0);
  // inode, mode, owner, group, links, time, size, device (2), of a special file (2), name, checksum
  const fields = [inode, mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length, 0];
  const numbers = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return [padded(Buffer.concat([Buffer.from(`070701${numbers}`), name])), padded(bytes)];
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % ALIGNMENT_BYTES;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(ALIGNMENT_BYTES - rest)]);
}
