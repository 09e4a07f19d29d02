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
  openUserFunction,
} from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpf } from './call.ts';
import { findFunction } from './elf-symbols.ts';
import { createLink, Link } from './link.ts';
import type { Program } from './program.ts';

const { TRACEPOINT, RAW_TRACEPOINT, TRACING, LSM } = BpfProgramType;

/**
 * Attaches a program to the tracepoint, function or security hook that its context names; an
 * iterator is attached by `attachIterator`.
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
  const operation = 'attach tracepoint program';
  return attachEvent(program, openTracepoint(target), { operation, detail: target });
}

/** A link keeps the event that it was made with. */
function attachEvent(
  program: Program,
  event: Fd<'event'>,
  intent: { readonly operation: string; readonly detail: string },
): Link {
  try {
    const request = { program, target: event.number, attachType: BpfAttachType.PERF_EVENT };
    return createLink(request, { ...intent, subject: program.name });
  } finally {
    event.close();
  }
}

/** Where {@link attachUserFunction} attaches. */
export interface AttachUserFunctionOptions {
  /** A program whose context is a `UserFunction` or a `UserReturn`. */
  readonly program: Program;
  /** The program or library that has the function. */
  readonly path: string;
  /** The function's name, or the offset in the file of its first instruction. */
  readonly function: string | number;
  /** When it is left, not when it is entered. */
  readonly isReturn?: boolean;
  /** One process; all of them where absent. */
  readonly processId?: number;
}

/**
 * Attaches a program to a function of processes.
 *
 * @throws SymbolError where the file has no such function; TypeError for a program of another kind;
 *   KernelError
 * @since Linux 5.15
 */
export function attachUserFunction(options: AttachUserFunctionOptions): Link {
  const { program, path, function: name } = options;
  if (program.programType !== BpfProgramType.KPROBE) {
    const found = `type ${program.programType}, expected the context of a user function`;
    throw new TypeError(`attach user function program ${program.name}: ${found}`);
  }
  const offset = typeof name === 'number' ? name : findFunction(path, name);
  const event = openUserFunction({ ...options, offset });
  const operation = 'attach user function program';
  return attachEvent(program, event, { operation, detail: `${name} of ${path}` });
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
