/** What the parts of the checker share. */
import type { ProgramKind } from '@skep/ebpf';
import type { MapShape, ProgramObject } from '../object.ts';

/** Takes a complaint in the kernel's words. */
export type Complain = (detail: string) => void;

/** The program, as the checker asks for it. */
export interface Scope {
  readonly object: ProgramObject;
  readonly mapAt: (slot: number) => MapShape | undefined;
  /** Whether the context has a number of 32 bits there. */
  readonly isField: (offset: number) => boolean;
  /** The kinds of program that it may be; empty where the kernel has one that is not known here. */
  readonly kinds: readonly ProgramKind[];
  readonly dataOffset: number;
  readonly dataEndOffset: number;
  /** False in subprograms, whose callers may release what they reserve. */
  readonly isProgram: boolean;
}
