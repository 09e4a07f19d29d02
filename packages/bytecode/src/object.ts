/**
 * A compiled program: inert, deterministic, not yet in any kernel. The compiler makes it; the
 * loader of `@skep/bpf` and the machine of this package run it.
 */

import type { MapKind } from '@skep/ebpf';

/** A field of a map's value of one of the kernel's own types. */
export interface KernelField {
  /** Such as `bpf_spin_lock`. */
  readonly type: string;
  /** Bytes. */
  readonly offset: number;
}

/** The shape of a map, without its contents. Sizes in bytes, 0 where there is no key or value. */
export interface MapShape {
  readonly name: string;
  readonly kind: MapKind;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_* */
  readonly flags: number;
  /** The shape of each map inside an array or hash of maps. */
  readonly inner?: MapShape;
  /** Fields of the value that only the kernel touches, such as a lock; it finds them by BTF. */
  readonly kernelFields?: readonly KernelField[];
  /** What a map of one value holds at first, in base64. */
  readonly contents?: string;
  /** Nobody may write to it once it holds that. */
  readonly isFrozen?: boolean;
}

/** The 16-byte load at `instruction` takes the address of the map named `map`. */
export interface MapReference {
  readonly instruction: number;
  readonly map: string;
}

/** The call at `instruction` is of the kernel's function of that name. */
export interface KernelFunctionReference {
  readonly instruction: number;
  readonly name: string;
  /** How many it is given; absent where nobody has said. */
  readonly parameters?: number;
  /** Bytes of the result that is asked for, 0 for none; absent where nobody has said. */
  readonly resultBytes?: number;
}

/**
 * The 64-bit constant at `instruction` is the offset of a field of one of the kernel's structs, or
 * the load there adds it to its own offset.
 */
export interface KernelFieldReference {
  readonly instruction: number;
  readonly struct: string;
  /** A name, or a path of names with dots between them. */
  readonly field: string;
  /** Bytes that the program reads there. */
  readonly size: number;
}

/** Code from `instruction` on was made from this line. Lines and columns count from 1. */
export interface SourceLine {
  readonly instruction: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** What a global function takes. */
export type GlobalParameter = 'context' | 'integer';

/** The code of a function, from `instruction` to the next function. */
export interface FunctionRange {
  readonly instruction: number;
  readonly name: string;
  /** The parameters of a function that the kernel verifies once, for itself, not at each call. */
  readonly global?: readonly GlobalParameter[];
}

/** All that is needed to load a program, but for the maps themselves. */
export interface ProgramObject {
  /** As the kernel shows it: at most 15 characters of `A-Z a-z 0-9 _ .`. */
  readonly name: string;
  /** @alias BPF_PROG_TYPE_* */
  readonly programType: number;
  /** What the kernel wants to know when it loads a program of some types. @alias BPF_* */
  readonly attachType?: number;
  /** The function, tracepoint or hook of the kernel that it is attached to, by its name. */
  readonly attachTarget?: string;
  readonly license: string;
  /** 8 bytes an instruction, little-endian (RFC 9669 section 3). */
  readonly code: Uint8Array;
  readonly maps: readonly MapShape[];
  readonly mapReferences: readonly MapReference[];
  /** Absent where it calls none. @since Linux 5.18 */
  readonly kernelFunctions?: readonly KernelFunctionReference[];
  /** Absent where it reads no struct of the kernel. */
  readonly kernelFields?: readonly KernelFieldReference[];
  /** The program's entry first, at instruction 0, then its subprograms. */
  readonly functions: readonly FunctionRange[];
  readonly lines: readonly SourceLine[];
  readonly stackBytes: number;
}
