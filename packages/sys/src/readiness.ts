/**
 * Waiting for a descriptor in node's own event loop: no thread, no timer. For descriptors that node
 * has no stream for, such as netlink sockets and ring buffer maps.
 */
import type { Fd } from './descriptor.ts';
import { openFfi } from './door.ts';

/** A watch that goes on until it is closed. */
export interface Watch {
  /** Ends the watch; do this before closing the descriptor. A second call does nothing. */
  close(): void;
  /** Lets the process end although the watch is still there. */
  unref(): void;
  ref(): void;
}

/** What the FFI library calls with; its type declaration leaves the first parameter out. */
type PollCallback = (status: number, events: unknown) => void;
interface PollHandle {
  close(): void;
  ref(): void;
  unref(): void;
}
type Poll = (
  descriptor: number,
  events: { readonly readable: boolean },
  callback: PollCallback,
) => PollHandle;

/** A handle that is collected stops polling without a word: every open one is kept here. */
const open = new Set<ReadableWatch>();

/**
 * Calls `onReadable` in a turn of its own as long as the descriptor is readable.
 *
 * What it throws ends the watch and goes to `onError`, as does a failing poll.
 */
export function watchReadable(
  descriptor: Fd<'socket' | 'map' | 'file' | 'process'>,
  onReadable: () => void,
  onError: (error: unknown) => void,
): Watch {
  return new ReadableWatch(descriptor.number, onReadable, onError);
}

class ReadableWatch implements Watch {
  readonly #onReadable: () => void;
  readonly #onError: (error: unknown) => void;
  #handle: PollHandle | undefined;
  #isDue = false;

  constructor(descriptor: number, onReadable: () => void, onError: (error: unknown) => void) {
    this.#onReadable = onReadable;
    this.#onError = onError;
    const poll = openFfi().node.poll as unknown as Poll;
    this.#handle = poll(descriptor, { readable: true }, (status) => this.#notice(status));
    open.add(this);
  }

  close(): void {
    this.#handle?.close();
    this.#handle = undefined;
    open.delete(this);
  }

  ref(): void {
    this.#handle?.ref();
  }

  unref(): void {
    this.#handle?.unref();
  }

  /**
   * Runs inside the native callback, where exceptions and promises surface late: nothing of the
   * caller's may run here.
   */
  #notice(status: number): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#dispatch(status));
  }

  #dispatch(status: number): void {
    this.#isDue = false;
    if (this.#handle === undefined) return;
    try {
      if (status < 0) throw new Error(`watch descriptor: poll failed with status ${status}`);
      this.#onReadable();
    } catch (error) {
      this.close();
      this.#onError(error);
    }
  }
}
