/** Events that a program can be attached to: tracepoints of the kernel, functions of processes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fd } from './descriptor.ts';
import { addressOf, syscall } from './door.ts';
import { Errno } from './abi/errno.ts';
import { KernelError, type KernelErrorOptions } from './kernel-error.ts';
import { inFileSystem } from './mount.ts';
import { cString } from './path.ts';

/** @source struct perf_event_attr, include/uapi/linux/perf_event.h */
const layout = { size: 72, type: 0, ownSize: 4, config: 8, config1: 56, config2: 64 };
const PERF_TYPE_TRACEPOINT = 2;
const PERF_FLAG_CLOEXEC = 8;
const EVERY_PROCESS = -1;

/**
 * Opens a tracepoint of the kernel. A program that is attached to the descriptor runs on every CPU.
 *
 * @param name group and name, such as `sock/inet_sock_set_state`
 * @throws KernelError; Error where there is no such tracepoint
 */
export function openTracepoint(name: string): Fd<'event'> {
  const config = BigInt(readTracepointId(name));
  return openEvent({ type: PERF_TYPE_TRACEPOINT, config }, EVERY_PROCESS, {
    operation: 'open tracepoint',
    subject: name,
  });
}

/** A function of processes. */
export interface UserFunctionPlace {
  /** The program or library that has it. */
  readonly path: string;
  /** Bytes from the file's start to its first instruction. */
  readonly offset: number;
  /** One process; all of them where absent. */
  readonly processId?: number;
  /** When it is left, not when it is entered. */
  readonly isReturn?: boolean;
}

const UPROBE_DEVICE = '/sys/bus/event_source/devices/uprobe';

/**
 * Opens the entry of a function of processes, or the return from it.
 *
 * @throws KernelError, with ENOENT where the kernel has no such events
 */
export function openUserFunction(place: UserFunctionPlace): Fd<'event'> {
  const { path, offset, processId = EVERY_PROCESS, isReturn = false } = place;
  const options = { operation: 'open user function', subject: `${path} at ${offset}` };
  const path0 = cString(path);
  const event = {
    type: readDeviceNumber('type', options),
    config: isReturn ? 1n << BigInt(readDeviceNumber('format/retprobe', options)) : 0n,
    config1: addressOf(path0),
    config2: BigInt(offset),
  };
  return openEvent(event, processId, options, path0);
}

function readDeviceNumber(
  file: string,
  options: KernelErrorOptions & { operation: string },
): number {
  try {
    return Number(
      /\d+/.exec(readFileSync(`${UPROBE_DEVICE}/${file}`, 'utf8').replace('config:', ''))?.[0],
    );
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    const advice = `no ${UPROBE_DEVICE} (built with CONFIG_UPROBE_EVENTS)`;
    throw new KernelError(options.operation, Errno.ENOENT, { ...options, advice, cause });
  }
}

interface Event {
  readonly type: number;
  readonly config: bigint;
  readonly config1?: bigint;
  readonly config2?: bigint;
}

/** `_kept` is memory that the event points to, reachable until the call is over. */
function openEvent(
  { type, config, config1 = 0n, config2 = 0n }: Event,
  processId: number,
  options: KernelErrorOptions & { readonly operation: string },
  _kept?: Uint8Array,
): Fd<'event'> {
  const attribute = new Uint8Array(layout.size);
  const view = new DataView(attribute.buffer);
  view.setUint32(layout.type, type, true);
  view.setUint32(layout.ownSize, layout.size, true);
  view.setBigUint64(layout.config, config, true);
  view.setBigUint64(layout.config1, config1, true);
  view.setBigUint64(layout.config2, config2, true);
  const cpu = processId === EVERY_PROCESS ? 0 : -1;
  const registers = [attribute, processId, cpu, -1, PERF_FLAG_CLOEXEC];
  return new Fd('event', syscall('perf_event_open', registers, options));
}

function readTracepointId(name: string): number {
  return inFileSystem('tracefs', (folder) => {
    try {
      return Number(readFileSync(join(folder, 'events', name, 'id'), 'utf8'));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
      throw new Error(`open tracepoint ${name}: no such events/GROUP/NAME in tracefs`, { cause });
    }
  });
}
