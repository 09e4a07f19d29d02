/**
 * Looking at the kernel itself: tracepoints, entries and exits of functions, security hooks. What
 * they are about is the author's choice, so the class of a context is made by the author:
 *
 *     export abstract class Connects extends FunctionEntry('tcp_connect', { socket: u64 }) {}
 *
 * Arguments are given in the order of the kernel's function; a pointer is a `u64`.
 */
import type { IntegerField } from '../integers.ts';
import type { AnyInteger } from '../struct.ts';
import type { ContextClass, ContextField, ContextMembers, FieldOf } from './context.ts';
import { targetedContext } from './context.ts';

/** Arguments of a function or a hook, in their order. */
export type Arguments = Readonly<Record<string, AnyInteger>>;
type FieldsOfArguments<A> = {
  readonly [K in keyof A]: A[K] extends IntegerField<infer T> ? FieldOf<T> : never;
};

/** The kernel gives every argument a word of its own. */
const WORD_BYTES = 8;

function fieldAt(offset: number, type: AnyInteger): ContextField {
  return { offset, type, accessSize: type.size };
}

function fieldsOf(types: Arguments): ContextMembers {
  const entries = Object.entries(types).map(
    ([name, type], index) => [name, fieldAt(index * WORD_BYTES, type)] as const,
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
export function RawTracepoint<const A extends Arguments>(
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
