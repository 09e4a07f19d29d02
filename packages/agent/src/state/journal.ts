/**
 * A file of keys and values that costs what a change costs: records are appended, and when most of
 * them are of the past the file is written anew. See docs/decisions/0010.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { decodeJournal, encodeRecord, JOURNAL_HEADER, type JournalChange } from './journal-text.ts';
import { StateError, StateWriteError } from './state-error.ts';

/** What writes; a test gives one that is full. */
export type Disk = Pick<typeof fs, 'writeSync' | 'fsyncSync' | 'ftruncateSync'>;

interface Held {
  readonly value: unknown;
  /** Of its record. */
  readonly bytes: number;
}

/** A file smaller than this is not worth being written anew. */
const COMPACTED_BYTES_MIN = 64 * 1024;
/** Times what it is made of: beyond this it is written anew. */
const GROWTH_MAX = 4;

/** The values by key, in memory and on disk. */
export class Journal {
  private readonly held = new Map<string, Held>();
  private heldBytes = 0;
  private fd: number;
  private length: number;
  private compactAt = COMPACTED_BYTES_MIN;
  private isBroken = false;
  /** As this journal has left the file. */
  private left = '';
  /** Whether somebody else has written to the file. */
  private isTouched = false;

  /** Opens what is there, or makes it. @throws StateError, StateWriteError */
  constructor(
    readonly path: string,
    private readonly disk: Disk = fs,
  ) {
    const bytes = readIfThere(path);
    if (bytes === undefined) {
      [this.fd, this.length] = this.writeAnew();
      syncDirectory(dirname(path));
      this.leave();
      return;
    }
    const { changes, length } = decodeJournal(bytes, path);
    for (const change of changes) this.hold(change);
    [this.fd, this.length] = [fs.openSync(path, 'r+'), length];
    // A record that was cut off must not become the beginning of the next one.
    fs.ftruncateSync(this.fd, length);
    this.leave();
  }

  /** The values as they were last written. */
  *entries(): Generator<[key: string, value: unknown]> {
    for (const [key, { value }] of this.held) yield [key, value];
  }

  /**
   * Makes changes together, or none of them.
   *
   * @param isSynced false where losing them with the power is no loss: a process that is killed
   *   loses nothing either way
   * @throws StateWriteError
   */
  append(changes: readonly JournalChange[], isSynced = true): void {
    if (this.isBroken) {
      throw new StateWriteError(this.path, 'an earlier change failed half (restart the agent)');
    }
    const record = encodeRecord(changes);
    this.look();
    try {
      writeAll(this.disk, this.fd, record, this.length);
      if (isSynced) this.disk.fsyncSync(this.fd);
    } catch (cause) {
      this.undoAppend();
      this.leave();
      const { message } = cause as Error;
      throw new StateWriteError(this.path, `${message} (nothing was changed)`, { cause });
    }
    this.leave();
    this.length += record.length;
    for (const change of changes) this.hold(change);
    if (this.length > this.compactAt) this.compact();
  }

  /**
   * Writes the file anew where somebody has taken it away, put another one in its place, or written
   * to it: the next start would not find what is written from then on, or would refuse it.
   *
   * @returns whether that was so
   * @throws StateWriteError
   */
  putBack(): boolean {
    if (this.isBroken) return false;
    this.look();
    if (this.isThere() && !this.isTouched) return false;
    fs.mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    this.replace(this.writeAnew());
    syncDirectory(dirname(this.path));
    return true;
  }

  close(): void {
    fs.closeSync(this.fd);
    this.isBroken = true;
  }

  /** As if it had never been. */
  remove(): void {
    this.close();
    fs.rmSync(this.path, { force: true });
  }

  private hold([key, value]: JournalChange): void {
    this.heldBytes -= this.held.get(key)?.bytes ?? 0;
    this.held.delete(key);
    if (value === null) return;
    const bytes = encodeRecord([[key, value]]).length;
    this.held.set(key, { value, bytes });
    this.heldBytes += bytes;
  }

  /** What was written of a record must not stay: another one would be appended to it. */
  private undoAppend(): void {
    try {
      this.disk.ftruncateSync(this.fd, this.length);
    } catch {
      this.isBroken = true;
    }
  }

  /** Writes the file anew; where that fails the old one is as good. */
  private compact(): void {
    try {
      this.replace(this.writeAnew());
    } catch {
      this.compactAt = 2 * this.length;
      return;
    }
    try {
      syncDirectory(dirname(this.path));
    } catch {
      // The old file may come back with the power, without what is written from now on.
      this.isBroken = true;
    }
  }

  private replace([fd, length]: [fd: number, length: number]): void {
    fs.closeSync(this.fd);
    [this.fd, this.length] = [fd, length];
    this.compactAt = Math.max(COMPACTED_BYTES_MIN, GROWTH_MAX * length);
    this.isTouched = false;
    this.leave();
  }

  /** Before this journal writes, since the file is as it should be in size afterwards. */
  private look(): void {
    if (this.stamp() !== this.left) this.isTouched = true;
  }

  private leave(): void {
    this.left = this.stamp();
  }

  /** Another one after every write to the open file, but for two in one tick of the clock. */
  private stamp(): string {
    const { size, mtimeNs } = fs.fstatSync(this.fd, { bigint: true });
    return `${size} ${mtimeNs}`;
  }

  /** Whether the path leads to what is open. */
  private isThere(): boolean {
    const found = fs.statSync(this.path, { throwIfNoEntry: false });
    const { ino, dev } = fs.fstatSync(this.fd);
    return found?.ino === ino && found.dev === dev;
  }

  /**
   * A new file takes the place of the old one when all of it is on disk.
   *
   * @returns its descriptor and length
   * @throws StateWriteError
   */
  private writeAnew(): [fd: number, length: number] {
    const temporary = `${this.path}.new`;
    const records = [...this.entries()].map((change) => encodeRecord([change]));
    const bytes = Buffer.concat([JOURNAL_HEADER, ...records]);
    const fd = fs.openSync(temporary, 'w', 0o600);
    try {
      writeAll(this.disk, fd, bytes, 0);
      this.disk.fsyncSync(fd);
      fs.renameSync(temporary, this.path);
      return [fd, bytes.length];
    } catch (cause) {
      fs.closeSync(fd);
      fs.rmSync(temporary, { force: true });
      throw new StateWriteError(this.path, (cause as Error).message, { cause });
    }
  }
}

/** @throws StateError */
function readIfThere(path: string): Buffer | undefined {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new StateError(path, message, 'see that the agent may read it');
  }
}

function writeAll(disk: Disk, fd: number, bytes: Buffer, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += disk.writeSync(fd, bytes, at, bytes.length - at, position + at);
  }
}

/** A new name is on disk when its directory is. */
function syncDirectory(path: string): void {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
