/** What the kernel answers when it refuses, as an error with fields. */
import { getSystemErrorMap } from 'node:util';
import { unnamedByNode } from './abi/errno.ts';

/** The name of an errno, such as `EPERM` for 1; `errno 4242` where it has none. */
export function errnoName(errno: number): string {
  return describe(errno)[0];
}

/** What the C library says of an errno, such as `operation not permitted` for 1. */
export function errnoText(errno: number): string {
  return describe(errno)[1];
}

function describe(errno: number): readonly [name: string, text: string] {
  const known = getSystemErrorMap().get(-errno) ?? unnamedByNode[errno];
  return known ?? [`errno ${errno}`, 'unknown error'];
}

/** More words for a {@link KernelError}. */
export interface KernelErrorOptions {
  /** What the operation was done to, such as a path or the name of a map. */
  readonly subject?: string;
  /** What the kernel said besides the number, or what was being tried. */
  readonly detail?: string;
  /** What to try instead. */
  readonly advice?: string;
  readonly cause?: unknown;
}

/**
 * A system call failed. Its message reads `operation subject: detail: ENAME: text (advice)`.
 *
 * `code` is stable for matching; `errno` is the positive number of the kernel.
 */
export class KernelError extends Error {
  readonly code: string = 'ERR_KERNEL';
  readonly operation: string;
  readonly subject: string | undefined;
  readonly errno: number;
  /** Such as `ENOENT`. */
  readonly errnoName: string;

  constructor(operation: string, errno: number, options: KernelErrorOptions = {}) {
    const { subject, detail, advice, cause } = options;
    const what = subject === undefined ? operation : `${operation} ${subject}`;
    const parts = [what, ...(detail === undefined ? [] : [detail]), errnoName(errno)];
    const text = `${parts.join(': ')}: ${errnoText(errno)}`;
    super(advice === undefined ? text : `${text} (${advice})`, { cause });
    this.name = 'KernelError';
    this.operation = operation;
    this.subject = subject;
    this.errno = errno;
    this.errnoName = errnoName(errno);
  }
}

/** This machine cannot make the system call at all: another operating system or processor. */
export class UnsupportedPlatformError extends Error {
  readonly code = 'ERR_UNSUPPORTED_PLATFORM';

  constructor(
    readonly found: string,
    readonly expected: string,
    cause?: unknown,
  ) {
    super(`open system call door: found ${found}, expected ${expected}`, { cause });
    this.name = 'UnsupportedPlatformError';
  }
}
