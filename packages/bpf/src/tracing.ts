/** Attaching to the kernel itself: tracepoints, functions, security hooks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BpfAttachType,
  BpfAttribute,
  BpfCommand,
  BpfProgramType,
  cString,
  Fd,
  inFileSystem,
  openTracepoint,
} from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpf } from './call.ts';
import { createLink, Link } from './link.ts';
import type { Program } from './program.ts';

const { TRACEPOINT, RAW_TRACEPOINT, TRACING, LSM } = BpfProgramType;

/**
 * Attaches a program to the tracepoint, function or security hook that its context names.
 *
 * @throws TypeError for a program of another kind; KernelError; Error where there is no such
 *   tracepoint
 * @since Linux 4.17 raw tracepoints, 5.5 functions, 5.7 security hooks, 5.15 tracepoints
 */
export function attachTracing(program: Program): Link {
  const { name, programType, attachTarget } = program;
  if (programType === TRACEPOINT && attachTarget !== undefined) {
    return attachTracepoint(program, attachTarget);
  }
  const isRaw = programType === RAW_TRACEPOINT;
  const isKnown = isRaw || programType === TRACING || programType === LSM;
  if (!isKnown || attachTarget === undefined) {
    const expected = 'the context of a tracepoint, a function or a security hook';
    throw new TypeError(
      `attach tracing program ${name}: type ${programType}, expected ${expected}`,
    );
  }
  const { rawTracepoint } = BpfAttribute;
  const attribute = new Attribute(rawTracepoint.size)
    .setPointer(rawTracepoint.name, isRaw ? cString(attachTarget) : null)
    .setU32(rawTracepoint.prog_fd, program.fd.number);
  const intent = { operation: 'attach tracing program', subject: name, detail: attachTarget };
  return new Link(new Fd('link', bpf(BpfCommand.RAW_TRACEPOINT_OPEN, attribute, intent)));
}

function attachTracepoint(program: Program, target: string): Link {
  const event = openTracepoint(target);
  try {
    return createLink(
      { program, target: event.number, attachType: BpfAttachType.PERF_EVENT },
      { operation: 'attach tracepoint program', subject: program.name, detail: target },
    );
  } finally {
    event.close();
  }
}

/**
 * Whether `bpf` is one of the active security modules: else programs at security hooks are loaded
 * and attached, but never run.
 *
 * @throws KernelError where the list cannot be read
 */
export function hasActiveBpfModule(): boolean {
  const list = inFileSystem('securityfs', (path) => readFileSync(join(path, 'lsm'), 'utf8'));
  return list.trim().split(',').includes('bpf');
}
