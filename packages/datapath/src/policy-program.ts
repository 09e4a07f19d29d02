/**
 * Rules as code: one direction of a subject's decision table becomes a program that reads the
 * packet, finds the segment of its port by halving, tests at most two bits of the peer's selector
 * set, writes the verdict and goes on: an allowed packet to the other side's rules, any other to
 * `DECIDED`. What it means is said by `decideByTable` of `@skep/policy`.
 */
import { mapShapeOf, type ProgramObject } from '@skep/bytecode';
import {
  type Block,
  compileProgram,
  FunctionBuilder,
  type HelperReference,
  type Value,
} from '@skep/compiler';
import { Direction } from '@skep/contract';
import { contextShapes, type StructLayout, TcAction } from '@skep/ebpf';
import { type DirectionTable, PolicyProtocol, type Segment } from '@skep/policy';
import { DECIDED, packets, policies, selectorSets } from './maps.ts';
import { End, Packet, PolicyVerdict } from './packet.ts';

/** Segments of one direction; a subject with more is refused. */
export const POLICY_SEGMENTS_MAX = 2048;

const MAP_LOOKUP: HelperReference = { id: 1, name: 'map_lookup_elem', movesPacket: false };
const TAIL_CALL: HelperReference = { id: 12, name: 'tail_call', movesPacket: false };

/** A table that has more segments than one program decides. */
export class PolicySizeError extends Error {
  readonly code = 'ERR_POLICY_SIZE';
  constructor(
    readonly program: string,
    readonly found: number,
  ) {
    super(
      `policy program ${program}: ${found} port segments, expected at most ` +
        `${POLICY_SEGMENTS_MAX} (use port ranges, or split the subject's labels)`,
    );
  }
}

/** Whether packets have to run the program of this table at all. */
export function isEnforced(table: DirectionTable): boolean {
  return table.isEnforced || table.segments.length > 0;
}

/**
 * The program of one direction of one subject, ready to load.
 *
 * @param name as the kernel shows it, at most 15 characters
 * @throws PolicySizeError above `POLICY_SEGMENTS_MAX` segments
 */
export function policyProgram(
  name: string,
  table: DirectionTable,
  direction: Direction,
): ProgramObject {
  if (table.segments.length > POLICY_SEGMENTS_MAX) {
    throw new PolicySizeError(name, table.segments.length);
  }
  const made = new PolicyProgramBuilder(name, direction).build(table);
  const { programType } = contextShapes.TcContext!;
  return compileProgram({ name, programType, license: 'GPL', functions: [made] });
}

class PolicyProgramBuilder {
  private readonly builder: FunctionBuilder;
  private readonly context: Value;
  private readonly packet: Value;
  private readonly set: Value;
  private readonly port: Value;
  private readonly protocol: Value;
  /** Where each verdict is written, once for all segments. */
  private readonly ends = new Map<PolicyVerdict, Block>();

  constructor(
    name: string,
    private readonly direction: Direction,
  ) {
    this.builder = new FunctionBuilder(name);
    this.context = this.builder.context();
    this.packet = this.lookUp(packets, this.zeroKey());
    this.protocol = this.load('protocol');
    this.port = this.load('policyPort');
    const peer = direction === Direction.Egress ? 'responder' : 'initiator';
    const selectorSet = offsetOf(Packet, peer) + offsetOf(End, 'selectorSet');
    this.set = this.lookUp(selectorSets, this.builder.offset(this.packet, selectorSet));
  }

  build(table: DirectionTable): ReturnType<FunctionBuilder['finish']> {
    const unmatched = table.isEnforced ? PolicyVerdict.Unmatched : PolicyVerdict.Allow;
    this.decideProtocol(table.segments, unmatched);
    for (const [verdict, block] of this.ends) {
      this.builder.sealAndStart(block);
      this.goOn(verdict);
    }
    return this.builder.finish();
  }

  /** A protocol without segments of its own is decided as `Other` is. */
  private decideProtocol(segments: readonly Segment[], unmatched: PolicyVerdict): void {
    const other = segments.find((segment) => segment.protocol === PolicyProtocol.Other);
    const protocols = new Set(segments.map((segment) => segment.protocol));
    protocols.delete(PolicyProtocol.Other);
    for (const protocol of protocols) {
      const own = segments.filter((segment) => segment.protocol === protocol);
      const [isProtocol, isNot] = [this.builder.makeBlock(), this.builder.makeBlock()];
      this.builder.branch('eq', this.protocol, this.constant(protocol), isProtocol, isNot);
      this.builder.sealAndStart(isProtocol);
      this.halve(withGaps(own), unmatched);
      this.builder.sealAndStart(isNot);
    }
    this.decide(other, unmatched);
  }

  /** Finds the run that holds the port; runs cover all ports. */
  private halve(runs: readonly Run[], unmatched: PolicyVerdict): void {
    if (runs.length === 1) return this.decide(runs[0]!.segment, unmatched);
    const middle = runs.length >> 1;
    const [below, above] = [this.builder.makeBlock(), this.builder.makeBlock()];
    const bound = this.constant(runs[middle]!.first);
    this.builder.branch('lt', this.port, bound, below, above);
    this.builder.sealAndStart(below);
    this.halve(runs.slice(0, middle), unmatched);
    this.builder.sealAndStart(above);
    this.halve(runs.slice(middle), unmatched);
  }

  /** Who is safe passes; else deny wins. */
  private decide(segment: Segment | undefined, unmatched: PolicyVerdict): void {
    if (segment?.safeGroup !== undefined) {
      this.whenIn(segment.safeGroup, () => this.end(PolicyVerdict.Allow));
    }
    if (segment?.isDenyAll) return this.end(PolicyVerdict.Deny);
    if (segment?.denyGroup !== undefined) {
      this.whenIn(segment.denyGroup, () => this.end(PolicyVerdict.Deny));
    }
    if (segment?.isAllowAll) return this.end(PolicyVerdict.Allow);
    if (segment?.allowGroup !== undefined && unmatched !== PolicyVerdict.Allow) {
      this.whenIn(segment.allowGroup, () => this.end(PolicyVerdict.Allow));
    }
    this.end(unmatched);
  }

  /** Bit `group % 8` of byte `group / 8`: the words of a set are little-endian. */
  private whenIn(group: number, then: () => void): void {
    const access = { offset: group >> 3, size: 1, space: 'map' } as const;
    const bit = this.constant(1 << (group & 7));
    const isSet = this.builder.binary('and', this.builder.load(this.set, access), bit);
    const [inside, outside] = [this.builder.makeBlock(), this.builder.makeBlock()];
    this.builder.branch('ne', isSet, this.constant(0), inside, outside);
    this.builder.sealAndStart(inside);
    then();
    this.builder.sealAndStart(outside);
  }

  private end(verdict: PolicyVerdict): void {
    const block = this.ends.get(verdict) ?? this.builder.makeBlock();
    this.ends.set(verdict, block);
    this.builder.jump(block);
  }

  /** A tail call returns only where the slot is empty. */
  private goOn(verdict: PolicyVerdict): void {
    this.store('direction', this.direction);
    this.store('verdict', verdict);
    if (this.direction === Direction.Egress && verdict === PolicyVerdict.Allow) {
      this.tailCall(this.builder.resize(this.load('afterEgress'), 64));
      this.store('verdict', PolicyVerdict.Missed);
    }
    this.tailCall(this.builder.constant(DECIDED, 64));
    this.drop();
  }

  private tailCall(slot: Value): void {
    this.builder.call(TAIL_CALL, [this.context, this.builder.map(mapShapeOf(policies)), slot]);
  }

  /** An entry of a table; without one there is nothing to decide with, and so nothing passes. */
  private lookUp(map: typeof packets | typeof selectorSets, key: Value): Value {
    const entry = this.builder.call(MAP_LOOKUP, [this.builder.map(mapShapeOf(map)), key]);
    const [missing, found] = [this.builder.makeBlock(), this.builder.makeBlock()];
    this.builder.branch('eq', entry, this.builder.constant(0, 64), missing, found);
    this.builder.sealAndStart(missing);
    this.drop();
    this.builder.sealAndStart(found);
    return entry;
  }

  /** Nothing counts this drop: it happens only while the slot `DECIDED` is empty. */
  private drop(): void {
    this.builder.return(this.constant(TcAction.Drop));
  }

  private zeroKey(): Value {
    const key = this.builder.slot('key', 4);
    this.builder.store(key, { offset: 0, size: 4, space: 'stack' }, this.constant(0));
    return key;
  }

  private load(name: keyof Packet): Value {
    const { offset, size } = integerOf(Packet, name);
    return this.builder.load(this.packet, { offset, size, space: 'map' });
  }

  private store(name: keyof Packet, value: number): void {
    const { offset, size } = integerOf(Packet, name);
    this.builder.store(this.packet, { offset, size, space: 'map' }, this.constant(value));
  }

  private constant(bits: number): Value {
    return this.builder.constant(bits, 32);
  }
}

/** Ports from `first` to the next run's; without a segment: in a gap. */
interface Run {
  readonly first: number;
  readonly segment: Segment | undefined;
}

function withGaps(segments: readonly Segment[]): Run[] {
  const runs: Run[] = [];
  let next = 0;
  for (const segment of segments) {
    if (segment.first > next) runs.push({ first: next, segment: undefined });
    runs.push({ first: segment.first, segment });
    next = segment.last + 1;
  }
  if (next <= 0xffff) runs.push({ first: next, segment: undefined });
  return runs;
}

function offsetOf(layout: StructLayout, name: string): number {
  return fieldOf(layout, name).offset;
}

function integerOf(layout: StructLayout, name: string): { offset: number; size: 1 | 2 | 4 | 8 } {
  const { field, offset } = fieldOf(layout, name);
  if (field.kind !== 'integer') throw new Error(`field ${name} is no integer`);
  return { offset, size: field.size };
}

function fieldOf(layout: StructLayout, name: string): StructLayout['fields'][number] {
  const found = layout.fields.find((field) => field.name === name);
  if (!found) throw new Error(`no field ${name}`);
  return found;
}
