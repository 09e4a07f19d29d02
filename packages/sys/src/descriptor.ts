/** File descriptors that know what they are of, and that can be closed once only. */
import { syscallResult, syscall } from './door.ts';
import { checkInteger } from './integers.ts';
import { KernelError } from './kernel-error.ts';

/** What a descriptor is of; a function that wants a map's does not take a socket's. */
export type FdKind =
  | 'btf'
  | 'cgroup'
  | 'directory'
  | 'event'
  | 'file'
  | 'link'
  | 'map'
  | 'namespace'
  | 'process'
  | 'program'
  | 'socket';

/** A descriptor was used after it had been closed: a mistake of the program, not of the kernel. */
export class ClosedDescriptorError extends Error {
  readonly code = 'ERR_CLOSED_DESCRIPTOR';
  constructor(readonly kind: FdKind) {
    super(`use ${kind} descriptor: it is closed`);
    this.name = 'ClosedDescriptorError';
  }
}

/**
 * A file descriptor of one kind, owned by whoever holds this object.
 *
 * A closed number is soon given to another file, so a second `close` of the bare number would close
 * a stranger's; this object refuses instead.
 */
export class Fd<Kind extends FdKind> {
  readonly kind: Kind;
  #number: number;

  constructor(kind: Kind, number: number) {
    this.kind = kind;
    this.#number = checkInteger(number, `${kind} descriptor`, 0, 0x7fff_ffff);
  }

  /** The number that the kernel knows. @throws ClosedDescriptorError */
  get number(): number {
    if (this.#number < 0) throw new ClosedDescriptorError(this.kind);
    return this.#number;
  }

  get isClosed(): boolean {
    return this.#number < 0;
  }

  /** Gives the number away: from here on somebody else closes it. @throws ClosedDescriptorError */
  release(): number {
    const number = this.number;
    this.#number = -1;
    return number;
  }

  /** A second descriptor of the same file, closed on exec. @throws KernelError */
  duplicate(): Fd<Kind> {
    const copy = syscall('fcntl', [this.number, F_DUPFD_CLOEXEC, 3], {
      operation: `duplicate ${this.kind} descriptor`,
    });
    return new Fd(this.kind, copy);
  }

  /** Closes it. @throws ClosedDescriptorError when it is closed already */
  close(): void {
    const number = this.release();
    const result = Number(syscallResult('close', number));
    // EINTR leaves the descriptor closed on Linux: trying again would close a stranger's.
    if (result < 0 && result !== -EINTR) throw new KernelError(`close ${this.kind}`, -result);
  }
}

const EINTR = 4;
const F_DUPFD_CLOEXEC = 1030;
