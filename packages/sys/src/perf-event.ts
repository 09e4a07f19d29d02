/** Events of the kernel that a program can be attached to: tracepoints by their number. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fd } from './descriptor.ts';
import { syscall } from './door.ts';
import { inFileSystem } from './mount.ts';

/** @source struct perf_event_attr, include/uapi/linux/perf_event.h */
const layout = { size: 64, type: 0, ownSize: 4, config: 8 };
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
  const attribute = new Uint8Array(layout.size);
  const view = new DataView(attribute.buffer);
  view.setUint32(layout.type, PERF_TYPE_TRACEPOINT, true);
  view.setUint32(layout.ownSize, layout.size, true);
  view.setBigUint64(layout.config, BigInt(readTracepointId(name)), true);
  const registers = [attribute, EVERY_PROCESS, 0, -1, PERF_FLAG_CLOEXEC];
  const options = { operation: 'open tracepoint', subject: name };
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
