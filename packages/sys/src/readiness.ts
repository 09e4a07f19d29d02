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
  start(events: typeof READABLE, callback: PollCallback): void;
  stop(): void;
  close(): void;
  ref(): void;
  unref(): void;
}
type Poll = (descriptor: number, events: typeof READABLE, callback: PollCallback) => PollHandle;

const READABLE = { readable: true } as const;

/** A handle that is collected stops polling without a word: every open one is kept here. */
const open = new Set<ReadableWatch>();

/** How a descriptor is watched. */
export interface WatchOptions {
  /** How long it is left alone after each call: what comes meanwhile is one call. Default: 0. */
  readonly restMilliseconds?: number;
}

/**
 * Calls `onReadable` in a turn of its own as long as the descriptor is readable.
 *
 * What it throws ends the watch and goes to `onError`, as does a failing poll.
 */
export function watchReadable(
  descriptor: Fd<'socket' | 'map' | 'file' | 'process'>,
  onReadable: () => void,
  onError: (error: unknown) => void,
  { restMilliseconds = 0 }: WatchOptions = {},
): Watch {
  return new ReadableWatch(descriptor.number, onReadable, onError, restMilliseconds);
}

class ReadableWatch implements Watch {
  readonly #onReadable: () => void;
  readonly #onError: (error: unknown) => void;
  readonly #restMilliseconds: number;
  readonly #onPoll: PollCallback = (status) => this.#notice(status);
  #handle: PollHandle | undefined;
  #rest: NodeJS.Timeout | undefined;
  #isDue = false;
  #keepsAlive = true;

  constructor(
    descriptor: number,
    onReadable: () => void,
    onError: (error: unknown) => void,
    restMilliseconds: number,
  ) {
    this.#onReadable = onReadable;
    this.#onError = onError;
    this.#restMilliseconds = restMilliseconds;
    const poll = openFfi().node.poll as unknown as Poll;
    this.#handle = poll(descriptor, READABLE, this.#onPoll);
    open.add(this);
  }

  close(): void {
    clearTimeout(this.#rest);
    this.#handle?.close();
    this.#handle = undefined;
    open.delete(this);
  }

  ref(): void {
    this.#keepsAlive = true;
    this.#handle?.ref();
    this.#rest?.ref();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#handle?.unref();
    this.#rest?.unref();
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
      if (this.#restMilliseconds > 0) this.#takeRest();
    } catch (error) {
      this.close();
      this.#onError(error);
    }
  }

  /** A descriptor that is only not answered would wake the loop over and over. */
  #takeRest(): void {
    if (this.#handle === undefined) return;
    this.#handle.stop();
    const wake = (): void => this.#handle?.start(READABLE, this.#onPoll);
    this.#rest = setTimeout(wake, this.#restMilliseconds);
    if (!this.#keepsAlive) this.#rest.unref();
  }
}
