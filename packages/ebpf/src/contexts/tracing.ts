/**
 * Looking at the kernel itself: tracepoints, entries and exits of functions, security hooks. What
 * they are about is the author's choice, so the class of a context is made by the author:
 *
 *     export abstract class Connects extends FunctionEntry('tcp_connect', { socket: u64 }) {}
 *
 * Arguments are given in the order of the kernel's function. A pointer is `pointerTo(Struct)`, or a
 * `u64` where nobody reads what it points to.
 */
import type { IntegerField } from '../integers.ts';
import { KernelPointer, type KernelStruct, type KernelView } from '../kernel-struct.ts';
import type { AnyInteger } from '../struct.ts';
import type { ContextClass, ContextField, ContextMembers, FieldOf } from './context.ts';
import { Context, kernelField, targetedContext } from './context.ts';

/** Arguments that are numbers, in their order. */
export type Numbers = Readonly<Record<string, AnyInteger>>;
/** Arguments of a function or a hook, in their order. */
export type Arguments = Readonly<Record<string, AnyInteger | KernelPointer>>;
type FieldsOfArguments<A> = {
  readonly [K in keyof A]: A[K] extends IntegerField<infer T>
    ? FieldOf<T>
    : A[K] extends KernelPointer<infer F>
      ? FieldOf<KernelView<KernelStruct<F>>>
      : never;
};

/** The kernel gives every argument a word of its own. */
const WORD_BYTES = 8;

function fieldAt(offset: number, type: AnyInteger): ContextField {
  return { offset, type, accessSize: type.size };
}

function argumentAt(offset: number, type: AnyInteger | KernelPointer): ContextField {
  return type instanceof KernelPointer ? kernelField(offset, type.to) : fieldAt(offset, type);
}

function fieldsOf(types: Arguments): ContextMembers {
  const entries = Object.entries(types).map(
    ([name, type], index) => [name, argumentAt(index * WORD_BYTES, type)] as const,
  );
  return Object.fromEntries(entries);
}

/**
 * One field of a tracepoint's record. @source its `format` file below events/ of tracefs
 */
export function recorded<T>(offset: number, type: IntegerField<T>): FieldOf<T> {
  return fieldAt(offset, type) as FieldOf<T>;
}

/**
 * A tracepoint by its record, whose fields stand in its `format` file; made with `recorded`.
 *
 * @since Linux 4.7
 */
export function Tracepoint<const M extends ContextMembers>(
  group: string,
  name: string,
  members: M,
): ContextClass<M> {
  return targetedContext('tracepoint', `${group}/${name}`, members);
}

/** A tracepoint by the arguments that the kernel calls it with. @since Linux 4.17 */
export function RawTracepoint<const A extends Numbers>(
  name: string,
  types: A,
): ContextClass<FieldsOfArguments<A>> {
  return targetedContext('rawTracepoint', name, fieldsOf(types) as FieldsOfArguments<A>);
}

/** The entry of a function of the kernel. @alias fentry @since Linux 5.5 */
export function FunctionEntry<const A extends Arguments>(
  name: string,
  types: A,
): ContextClass<FieldsOfArguments<A>> {
  return targetedContext('functionEntry', name, fieldsOf(types) as FieldsOfArguments<A>);
}

/**
 * The exit of a function of the kernel: all of its arguments, and what it returns as `result`.
 *
 * @alias fexit @since Linux 5.5
 */
export function FunctionExit<const A extends Arguments, R extends AnyInteger>(
  name: string,
  types: A,
  result: R,
): ContextClass<FieldsOfArguments<A & { readonly result: R }>>;
export function FunctionExit(name: string, types: Arguments, result: AnyInteger): unknown {
  return targetedContext('functionExit', name, fieldsOf({ ...types, result }));
}

/**
 * A hook of the kernel's security modules: 0 allows, a negative errno denies. It runs only where
 * `bpf` is one of the active modules.
 *
 * @alias BPF_PROG_TYPE_LSM @since Linux 5.7
 */
export function SecurityHook<const A extends Arguments>(
  name: string,
  types: A,
): ContextClass<FieldsOfArguments<A>> {
  return targetedContext('securityHook', name, fieldsOf(types) as FieldsOfArguments<A>);
}

/** Where the processor keeps arguments and result of a function when it is entered or left. */
const registers = {
  /** @source struct pt_regs, arch/x86/include/uapi/asm/ptrace.h; System V ABI: di si dx cx r8 r9 */
  x64: { arguments: [112, 104, 96, 88, 72, 64], result: 80 },
  /** @source struct user_pt_regs, arch/arm64/include/uapi/asm/ptrace.h: x0 to x5, x0 */
  arm64: { arguments: [0, 8, 16, 24, 32, 40], result: 0 },
} as const;
/** A processor whose registers are known. */
export type Processor = keyof typeof registers;

/**
 * The entry of a function of a process, by its first arguments (at most six, no floating point);
 * which function, is said where the program is attached.
 *
 * @alias uprobe @since Linux 4.17
 */
export function UserFunction<const A extends Numbers>(
  processor: Processor,
  types: A,
): ContextClass<FieldsOfArguments<A>> {
  const places = registers[processor].arguments;
  const members = Object.entries(types).map(([name, type], index) => {
    const offset = places[index];
    if (offset === undefined) throw new TypeError(`argument ${name}: expected at most six`);
    return [name, fieldAt(offset, type)] as const;
  });
  return Context('userFunction', Object.fromEntries(members) as FieldsOfArguments<A>);
}

/** The return from a function of a process, with its `result`. @alias uretprobe */
export function UserReturn<R>(
  processor: Processor,
  result: IntegerField<R>,
): ContextClass<{ readonly result: FieldOf<R> }> {
  const field = fieldAt(registers[processor].result, result) as FieldOf<R>;
  return Context('userFunction', { result: field });
}
