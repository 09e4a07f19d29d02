/**
 * Memory shared with the kernel: maps and ring buffers seen without a system call.
 *
 * JavaScript cannot take back an `ArrayBuffer`, and touching one after `munmap` kills the process.
 * So `unmap` lays private zero pages over the range instead, which lets go of the kernel's object
 * at once; the addresses themselves are given back when the last view has been collected.
 */
import { openFfi, syscallResult } from './door.ts';
import type { Fd } from './descriptor.ts';
import { checkInteger } from './integers.ts';
import { KernelError } from './kernel-error.ts';

const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;

/** @source sysconf(3), the same in glibc and musl */
const SC_PAGESIZE = 30;

let knownPageSize: number | undefined;

/** The unit of mappings in bytes: 4,096 on x64, up to 65,536 on arm64. */
export function pageSize(): number {
  knownPageSize ??= Number(openFfi().load(null).func('long sysconf(int name)')(SC_PAGESIZE));
  return knownPageSize;
}

/** How {@link Mapping} maps. */
export interface MappingOptions {
  /** Bytes into the file; a multiple of the page size. */
  readonly offset?: number;
  readonly isWritable?: boolean;
}

interface Range {
  readonly address: bigint;
  readonly lengthBytes: number;
}

const collected = new FinalizationRegistry<Range>(({ address, lengthBytes }) => {
  syscallResult('munmap', address, lengthBytes);
});

/** Memory was used after it had been unmapped: a mistake of the program, not of the kernel. */
export class UnmappedMemoryError extends Error {
  readonly code = 'ERR_UNMAPPED_MEMORY';
  constructor(readonly subject: string) {
    super(`use mapping of ${subject}: it is unmapped`);
    this.name = 'UnmappedMemoryError';
  }
}

/** A shared mapping of a descriptor. All offsets are in bytes from its start. */
export class Mapping {
  readonly lengthBytes: number;
  readonly isWritable: boolean;
  readonly #subject: string;
  readonly #address: bigint;
  #buffer: ArrayBuffer | undefined;
  #words: Int32Array;
  #longs: BigUint64Array;

  /** @throws KernelError when the kernel does not map it; RangeError for sizes that are no pages */
  constructor(
    file: Fd<'map' | 'file' | 'socket'>,
    lengthBytes: number,
    options: MappingOptions = {},
  ) {
    const { offset = 0, isWritable = false } = options;
    this.lengthBytes = checkPages(lengthBytes, 'mapping length');
    this.isWritable = isWritable;
    this.#subject = file.kind;
    const protection = PROT_READ | (isWritable ? PROT_WRITE : 0);
    const registers = [protection, MAP_SHARED, file.number, checkPages(offset, 'mapping offset')];
    this.#address = mapAt(0n, lengthBytes, registers, this.#subject);
    this.#buffer = openFfi().view(this.#address, lengthBytes);
    this.#words = new Int32Array(this.#buffer);
    this.#longs = new BigUint64Array(this.#buffer);
    collected.register(this.#buffer, { address: this.#address, lengthBytes });
  }

  /**
   * The memory itself, of a writable mapping only: writing to a read-only page would kill the
   * process. After {@link unmap} it reads as zeros that nobody shares.
   */
  get buffer(): ArrayBuffer {
    if (!this.isWritable) throw new TypeError(`view ${this.#subject} mapping: it is read-only`);
    return this.#require();
  }

  get isUnmapped(): boolean {
    return this.#buffer === undefined;
  }

  /** 4 bytes, host order, read with acquire order; `offset` is a multiple of 4. */
  loadU32(offset: number): number {
    this.#require();
    return Atomics.load(this.#words, offset >>> 2) >>> 0;
  }

  /** 8 bytes, host order, read with acquire order; `offset` is a multiple of 8. */
  loadU64(offset: number): bigint {
    this.#require();
    return Atomics.load(this.#longs, offset >>> 3);
  }

  /** Writes 4 bytes, host order, with release order; `offset` is a multiple of 4. */
  storeU32(offset: number, value: number): void {
    this.#requireWritable();
    Atomics.store(this.#words, offset >>> 2, value | 0);
  }

  /** Writes 8 bytes, host order, with release order; `offset` is a multiple of 8. */
  storeU64(offset: number, value: bigint): void {
    this.#requireWritable();
    Atomics.store(this.#longs, offset >>> 3, value);
  }

  /** Copies `length` bytes from `offset` to the start of `target`. */
  copy(offset: number, length: number, target: Uint8Array): void {
    target.set(new Uint8Array(this.#require(), offset, length));
  }

  /** Lets go of the kernel's object. A second call does nothing. @throws KernelError */
  unmap(): void {
    if (this.#buffer === undefined) return;
    const flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE;
    const registers = [PROT_READ | PROT_WRITE, flags, -1, 0];
    mapAt(this.#address, this.lengthBytes, registers, this.#subject);
    this.#buffer = undefined;
    this.#words = new Int32Array(0);
    this.#longs = new BigUint64Array(0);
  }

  #requireWritable(): void {
    if (!this.isWritable) throw new TypeError(`write ${this.#subject} mapping: it is read-only`);
    this.#require();
  }

  #require(): ArrayBuffer {
    if (this.#buffer === undefined) throw new UnmappedMemoryError(this.#subject);
    return this.#buffer;
  }
}

function checkPages(bytes: number, what: string): number {
  checkInteger(bytes, what, 0, Number.MAX_SAFE_INTEGER);
  const unit = pageSize();
  if (bytes % unit === 0) return bytes;
  throw new RangeError(`${what} ${bytes}: expected a multiple of ${unit}`);
}

function mapAt(address: bigint, length: number, rest: number[], subject: string): bigint {
  const [protection = 0, flags = 0, descriptor = -1, offset = 0] = rest;
  const result = syscallResult('mmap', address, length, protection, flags, descriptor, offset);
  if (result < 0) throw new KernelError('map memory', -Number(result), { subject });
  return BigInt(result);
}
