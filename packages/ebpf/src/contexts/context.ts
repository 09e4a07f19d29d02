/**
 * What contexts are made of. A context class says, in one place, which fields a program of its kind
 * has, where they lie and which of them may be written; its instance type is what a program sees,
 * its `shape` what the compiler and the machine read.
 *
 *     export abstract class Name extends Context('kind', { mark: writable(8) }) {}
 */
import type { be32, IntegerField, u32 } from '../integers.ts';
import { be32 as be32Field, u32 as u32Field } from '../integers.ts';
import type { KernelFields, KernelStruct, KernelView } from '../kernel-struct.ts';
import type { AnyInteger, ArrayField, StructOf, ValueOf } from '../struct.ts';
import { array } from '../struct.ts';
import type { KindFacts, ProgramKind } from './kinds.ts';
import { factsOf } from './kinds.ts';

/** What lies behind a field: a number, several, or a pointer to a record of the kernel. */
export type ContextFieldType =
  | AnyInteger
  | ArrayField
  | { readonly kind: 'pointer'; readonly to: StructOf<object>; readonly isNullable: boolean }
  | { readonly kind: 'kernelStruct'; readonly to: KernelStruct; readonly isNullable: boolean };

/** One field; those that are not writable the kernel refuses to store to. */
export interface ContextField {
  /** Bytes from the context's start. */
  readonly offset: number;
  readonly type: ContextFieldType;
  /** Bytes that the kernel wants to see loaded or stored at once, of one number. */
  readonly accessSize: 1 | 2 | 4 | 8;
  readonly isWritable?: boolean;
}

/** A field whose value is a T. */
export interface FieldOf<T> extends ContextField {
  /** In types only. */
  readonly value?: T;
}

/** A field that may be written. */
export interface WritableField<T> extends FieldOf<T> {
  readonly isWritable: true;
}

/** A number that is computed from where the packet starts and ends: it has no field. */
export interface PacketSpan {
  readonly kind: 'span';
}

/** The members of a context, by name. */
export type ContextMembers = Readonly<Record<string, FieldOf<unknown> | PacketSpan>>;

type MemberOf<F> = F extends PacketSpan ? u32 : F extends FieldOf<infer T> ? T : never;
type IfWritable<F, K> = F extends { readonly isWritable: true } ? K : never;

/** What a program sees of the members. */
export type FieldsOf<M> = {
  readonly [K in keyof M as IfWritable<M[K], K> extends never ? K : never]: MemberOf<M[K]>;
} & { -readonly [K in keyof M as IfWritable<M[K], K>]: MemberOf<M[K]> };

/** Views of the packet of a context that points to one. */
export interface PacketViews {
  /**
   * A view of a header in the packet, `offset` bytes from its start; `null` when the packet ends
   * before it.
   */
  at<S extends StructOf<object>>(header: S, offset: u32): InstanceType<S> | null;
}

/** Views of what earlier programs left in front of the packet. */
export interface MetadataViews {
  /** A view of the metadata in front of the packet; `null` when there is not as much. */
  metadata<S extends StructOf<object>>(record: S): InstanceType<S> | null;
}

/** Where a context points to its packet. Offsets in bytes. */
export interface PacketPlace {
  readonly data: number;
  readonly dataEnd: number;
  readonly dataMeta?: number;
  /** Bytes of such a pointer in the context. */
  readonly pointerSize: 4 | 8;
}

/** Layout of one context, as the kernel shows it to programs. Offsets in bytes. */
export interface ContextShape {
  readonly kind: ProgramKind;
  /** @alias BPF_PROG_TYPE_* */
  readonly programType: number;
  readonly facts: KindFacts;
  /** The function, tracepoint or hook of the kernel that its programs are attached to. */
  readonly target?: string;
  /** Absent where the context points to no packet. */
  readonly dataOffset?: number;
  readonly dataEndOffset?: number;
  readonly dataMetaOffset?: number;
  /** Bytes of a pointer to the packet: 4 or 8. */
  readonly pointerSize: 4 | 8;
  readonly fields: Readonly<Record<string, ContextField>>;
  /** Members that are computed from the packet's start and end. */
  readonly spans: readonly string[];
}

/** A context class whose instances have the members M. */
export type ContextClass<M, Views = unknown> = (abstract new () => FieldsOf<M> & Views) & {
  readonly shape: ContextShape;
};

/** Whether the live value is a context class. */
export function isContextClass(value: unknown): value is ContextClass<ContextMembers> {
  if (typeof value !== 'function') return false;
  return (value as { readonly shape?: unknown }).shape instanceof Shape;
}

class Shape implements ContextShape {
  readonly programType: number;
  readonly facts: KindFacts;
  readonly fields: Readonly<Record<string, ContextField>>;
  readonly spans: readonly string[];
  readonly dataOffset?: number;
  readonly dataEndOffset?: number;
  readonly dataMetaOffset?: number;
  readonly pointerSize: 4 | 8;

  constructor(
    readonly kind: ProgramKind,
    members: ContextMembers,
    packet: PacketPlace | null,
    readonly target?: string,
  ) {
    this.facts = factsOf(kind);
    this.programType = this.facts.programType;
    const fields: Record<string, ContextField> = {};
    for (const [name, member] of Object.entries(members)) {
      if (!('kind' in member)) fields[name] = member;
    }
    this.fields = fields;
    this.spans = Object.keys(members).filter((name) => !(name in fields));
    this.pointerSize = packet?.pointerSize ?? 8;
    if (!packet) return;
    this.dataOffset = packet.data;
    this.dataEndOffset = packet.dataEnd;
    if (packet.dataMeta !== undefined) this.dataMetaOffset = packet.dataMeta;
  }
}

function classOf(shape: Shape): unknown {
  return Object.assign(class {}, { shape });
}

/** A context without a packet. */
export function Context<const M extends ContextMembers>(
  kind: ProgramKind,
  members: M,
): ContextClass<M> {
  return classOf(new Shape(kind, members, null)) as ContextClass<M>;
}

/** A context of programs that are attached to one place of the kernel, known by its name. */
export function targetedContext<M extends object>(
  kind: ProgramKind,
  target: string,
  members: M,
): ContextClass<M> {
  return classOf(new Shape(kind, members as ContextMembers, null, target)) as ContextClass<M>;
}

/** A context that points to a packet. */
export function PacketContext<const M extends ContextMembers>(
  kind: ProgramKind,
  packet: PacketPlace,
  members: M,
): ContextClass<M, PacketViews> {
  return classOf(new Shape(kind, members, packet)) as ContextClass<M, PacketViews>;
}

/** A context that points to a packet with metadata in front of it. */
export function MetadataContext<const M extends ContextMembers>(
  kind: ProgramKind,
  packet: PacketPlace & { readonly dataMeta: number },
  members: M,
): ContextClass<M, PacketViews & MetadataViews> {
  const made = classOf(new Shape(kind, members, packet));
  return made as ContextClass<M, PacketViews & MetadataViews>;
}

/** A field that is only read; 4 bytes unless its type is wider. */
export function field(offset: number): FieldOf<u32>;
export function field<T>(offset: number, type: IntegerField<T>): FieldOf<T>;
export function field(offset: number, type: AnyInteger = u32Field): FieldOf<unknown> {
  return { offset, type, accessSize: type.size === 8 ? 8 : 4 };
}

/** A field that points to a struct of the kernel. */
export function kernelField<F extends KernelFields>(
  offset: number,
  to: KernelStruct<F>,
): FieldOf<KernelView<KernelStruct<F>>> {
  return { offset, type: { kind: 'kernelStruct', to, isNullable: false }, accessSize: 8 };
}

/** As `kernelField`, where there may be none. */
export function nullableKernelField<F extends KernelFields>(
  offset: number,
  to: KernelStruct<F>,
): FieldOf<KernelView<KernelStruct<F>> | null> {
  return { offset, type: { kind: 'kernelStruct', to, isNullable: true }, accessSize: 8 };
}

/** As `field`, 2 bytes in the context too. */
export function halfField<T>(offset: number, type: IntegerField<T>): FieldOf<T> {
  return { offset, type, accessSize: 2 };
}

/** A field that may be written as well. */
export function writable(offset: number): WritableField<u32>;
export function writable<T>(offset: number, type: IntegerField<T>): WritableField<T>;
export function writable(offset: number, type: AnyInteger = u32Field): WritableField<unknown> {
  return { ...field(offset, type), isWritable: true };
}

/** The four words of an IPv6 address, read at known indexes. */
export function words(offset: number): FieldOf<readonly be32[]> {
  return { offset, type: array(be32Field, 4), accessSize: 4 };
}

/** As `words`, to be written as well. */
export function writableWords(offset: number): WritableField<be32[]> {
  return { offset, type: array(be32Field, 4), accessSize: 4, isWritable: true };
}

/** A pointer to a record of the kernel that is always there. */
export function pointerAt<S extends StructOf<object>>(
  offset: number,
  to: S,
): FieldOf<Readonly<ValueOf<S>>> {
  return { offset, type: { kind: 'pointer', to, isNullable: false }, accessSize: 8 };
}

/** A pointer to a record of the kernel that may not be there. */
export function pointerOrNull<S extends StructOf<object>>(
  offset: number,
  to: S,
): FieldOf<Readonly<ValueOf<S>> | null> {
  return { offset, type: { kind: 'pointer', to, isNullable: true }, accessSize: 8 };
}

/** Bytes from the packet's start to its end, computed from the two pointers. */
export const span: PacketSpan = { kind: 'span' };
