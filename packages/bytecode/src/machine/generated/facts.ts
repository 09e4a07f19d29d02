/**
 * What generated code knows of registers, so that it need not ask again.
 *
 * Going forward: what a register certainly holds. Going backward: which bytes are accessed through
 * it before it changes. When an access is checked, all bytes that come after are checked with it.
 * If that fails, all that comes is left to the interpreter.
 */
import type { Placed } from '../../asm/decode.ts';
import { Register } from '../../asm/instruction.ts';
import type { Block, FlowGraph } from '../../flow/flow-graph.ts';
import { successors } from '../../flow/flow-graph.ts';
import type { MapShape } from '../../object.ts';
import { LOOKUP } from '../cpu.ts';
import { accessSpan, covers, isLikeField, type Span, shifted, union } from './span.ts';

/** What a register certainly holds. */
export type Fact =
  | { readonly kind: 'context' }
  /** An address in the frame's own stack, by its distance from the end. */
  | { readonly kind: 'stack'; readonly offset: number }
  | { readonly kind: 'map'; readonly index: number }
  /** From the stack or a caller: it may be the address of the context. */
  | { readonly kind: 'passed' }
  /** Probably an address of so many bytes; if `isPlaced`, certainly, and the place is known. */
  | (Span & { readonly kind: 'span'; readonly isPlaced: boolean });

/** By register; r10 is not among them. */
type Facts = (Fact | undefined)[];
type Spans = (Span | undefined)[];

/** What is known before an instruction, and asked for after it. */
export interface Here {
  readonly facts: readonly (Fact | undefined)[];
  /** Bytes that are accessed through each register, this instruction's included. */
  readonly wanted: readonly (Span | undefined)[];
  /** The same from the next instruction on. */
  readonly wantedLater: readonly (Span | undefined)[];
}

/** What the analysis needs to know of the program. */
export interface FactScope {
  /** The map that a slot loads the address of. */
  readonly mapOf: (slot: number) => number | undefined;
  readonly shapes: readonly (MapShape | undefined)[];
}

const REGISTERS = 10;
const FRAME_POINTER = 10;
const SWEEPS = 6;
/** After which a span at the start of a block is given up: it may shrink for long in a loop. */
const VISITS_MAX = 8;
/** Helpers under which all memory stays where and what it is. */
const harmless: ReadonlySet<number> = new Set([
  ...[1, 2, 3, 5, 7, 8, 12, 23, 93, 94, 118, 125, 130, 131, 160],
]);

/** Facts of one function. */
export class FactTable {
  private readonly atStart = new Map<Block, Facts>();
  private readonly wantedAtStart = new Map<Block, Spans>();

  constructor(
    private readonly scope: FactScope,
    private readonly graph: FlowGraph,
    isProgram: boolean,
  ) {
    const start: Facts = new Array(REGISTERS).fill(undefined);
    if (isProgram) start[1] = { kind: 'context' };
    else start.fill({ kind: 'passed' }, 1, 6);
    this.forward(start);
    this.backward();
    this.forward(start);
  }

  /** Visits the instructions of a block, in order. */
  walk(block: Block, visit: (placed: Placed, here: Here) => void): void {
    const facts = [...this.atStart.get(block)!];
    const wanted = this.wantedIn(block, facts);
    block.instructions.forEach((placed, index) => {
      const here = { facts, wanted: wanted[index]!, wantedLater: wanted[index + 1]! };
      visit(placed, here);
      this.follow(facts, placed, here);
    });
  }

  private forward(start: Facts): void {
    this.atStart.clear();
    const [first] = this.graph.blocks;
    this.atStart.set(first!, [...start]);
    const visits = new Map<Block, number>();
    const pending = new Set([first!]);
    while (pending.size > 0) {
      for (const block of this.graph.blocks) {
        if (!pending.delete(block)) continue;
        const facts = this.atEnd(block);
        for (const to of successors(block)) {
          const known = this.atStart.get(to);
          const count = (visits.get(to) ?? 0) + 1;
          visits.set(to, count);
          if (!known) this.atStart.set(to, [...facts]);
          else if (!meet(known, facts, count > VISITS_MAX)) continue;
          pending.add(to);
        }
      }
    }
  }

  private atEnd(block: Block): Facts {
    const facts = [...this.atStart.get(block)!];
    const wanted = this.wantedIn(block, facts);
    block.instructions.forEach((placed, index) => {
      const here = { facts, wanted: wanted[index]!, wantedLater: wanted[index + 1]! };
      this.follow(facts, placed, here);
    });
    return facts;
  }

  /** More wishes or fewer are both right: this need not come to an end by itself. */
  private backward(): void {
    for (const block of this.graph.blocks) this.wantedAtStart.set(block, noSpans());
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (const block of [...this.graph.blocks].reverse()) {
        const facts = this.atStart.get(block)!;
        this.wantedAtStart.set(block, this.wantedIn(block, facts)[0]!);
      }
    }
  }

  /** Before each instruction of a block, and at its end. */
  private wantedIn(block: Block, atStart: Facts): Spans[] {
    const { instructions } = block;
    const wanted: Spans[] = new Array(instructions.length + 1);
    const end = noSpans();
    for (const to of successors(block)) {
      this.wantedAtStart.get(to)?.forEach((span, number) => {
        end[number] = union(end[number], span);
      });
    }
    wanted[instructions.length] = end;
    const maps = this.mapsIn(block, atStart);
    for (let index = instructions.length - 1; index >= 0; index--) {
      wanted[index] = this.before(wanted[index + 1]!, instructions[index]!, maps[index]);
    }
    return wanted;
  }

  /** What r1 holds before each instruction, where that is a map. */
  private mapsIn(block: Block, atStart: Facts): (number | undefined)[] {
    let map = atStart[1]?.kind === 'map' ? atStart[1].index : undefined;
    return block.instructions.map(({ slot, instruction }) => {
      const before = map;
      if (instruction.kind === 'call') map = undefined;
      else if ('destination' in instruction && instruction.destination.number === 1) {
        map = instruction.kind === 'loadConstant' ? this.scope.mapOf(slot) : undefined;
      }
      return before;
    });
  }

  private before(after: Spans, { instruction }: Placed, map: number | undefined): Spans {
    const wanted = [...after];
    const want = (number: number, span: Span): void => {
      if (number < REGISTERS) wanted[number] = union(wanted[number], span);
    };
    switch (instruction.kind) {
      case 'load':
        wanted[instruction.destination.number] = undefined;
        want(instruction.base.number, accessSpan(instruction, false));
        break;
      case 'store':
        want(instruction.base.number, accessSpan(instruction, true));
        break;
      case 'arithmetic': {
        const { operator, width, destination, source } = instruction;
        const later = wanted[destination.number];
        wanted[destination.number] = undefined;
        if (width === 32 || !later) break;
        if (operator === 'mov' && source instanceof Register) want(source.number, later);
        else if (operator === 'add' && typeof source === 'number') {
          wanted[destination.number] = shifted(later, source);
        }
        break;
      }
      case 'branch':
        // Up to here less may be known to be there than behind.
        if (instruction.width === 64 && instruction.right instanceof Register) return noSpans();
        break;
      case 'atomic':
        return noSpans();
      case 'call': {
        const isHarmless = instruction.target === 'helper' && harmless.has(instruction.number);
        if (!isHarmless) return noSpans();
        wanted.fill(undefined, 0, 6);
        const shape = map === undefined ? undefined : this.scope.shapes[map];
        if (instruction.number !== LOOKUP || !shape) break;
        want(2, { from: 0, to: shape.keySize, isStore: false });
        break;
      }
      default:
        if ('destination' in instruction) wanted[instruction.destination.number] = undefined;
    }
    return wanted;
  }

  /** Makes of what is known before an instruction what is known after it. */
  private follow(facts: Facts, { slot, instruction }: Placed, here: Here): void {
    switch (instruction.kind) {
      case 'load':
      case 'store': {
        const access = accessSpan(instruction, instruction.kind === 'store');
        place(facts, instruction.base.number, access, here);
        if (instruction.kind === 'load') {
          const { size, base, destination } = instruction;
          const isReloaded = size === 8 && factOf(facts, base.number)?.kind === 'stack';
          facts[destination.number] = isReloaded ? { kind: 'passed' } : undefined;
        }
        return;
      }
      case 'arithmetic': {
        const { operator, width, destination, source } = instruction;
        const d = destination.number;
        const wanted = here.wantedLater[d];
        if (width === 64 && operator === 'mov' && source instanceof Register) {
          facts[d] = copied(factOf(facts, source.number), wanted);
        } else if (width === 64 && operator === 'add' && typeof source === 'number') {
          facts[d] = added(facts[d], source, wanted);
        } else {
          facts[d] = undefined;
        }
        return;
      }
      case 'loadConstant': {
        const map = this.scope.mapOf(slot);
        facts[instruction.destination.number] =
          map === undefined ? undefined : { kind: 'map', index: map };
        return;
      }
      case 'call':
        this.followCall(facts, instruction, here);
        return;
      case 'atomic':
        if (instruction.fetch) {
          facts[instruction.operator === 'compareExchange' ? 0 : instruction.source.number] =
            undefined;
        }
        return;
      default:
        if ('destination' in instruction) facts[instruction.destination.number] = undefined;
    }
  }

  private followCall(
    facts: Facts,
    call: Extract<Placed['instruction'], { kind: 'call' }>,
    here: Here,
  ): void {
    const isHelper = call.target === 'helper';
    const shape = isHelper && call.number === LOOKUP ? this.lookedUp(here) : undefined;
    facts.fill(undefined, 0, 6);
    if (!isHelper || !harmless.has(call.number)) {
      for (let number = 6; number < REGISTERS; number++) {
        if (facts[number]?.kind === 'span') facts[number] = undefined;
      }
    }
    if (!shape || shape.valueSize === 0) return;
    facts[0] = { kind: 'span', from: 0, to: shape.valueSize, isStore: true, isPlaced: false };
  }

  /** The map that a call of the lookup is known to be of. */
  lookedUp({ facts }: Here): MapShape | undefined {
    const [, map] = facts;
    return map?.kind === 'map' ? this.scope.shapes[map.index] : undefined;
  }
}

/** What a register holds; r10 always is the stack's end. */
export function factOf(facts: readonly (Fact | undefined)[], number: number): Fact | undefined {
  return number === FRAME_POINTER ? { kind: 'stack', offset: 0 } : facts[number];
}

/** Whether what is known says that these bytes have a place. */
export function isPlaced(fact: Fact | undefined, access: Span): boolean {
  return fact?.kind === 'span' && fact.isPlaced && covers(fact, access);
}

/** The bytes to check when an access is, so that later ones need no check. */
export function toPlace(number: number, access: Span, { facts, wanted }: Here): Span {
  const fact = facts[number];
  if (fact?.kind === 'span' && !fact.isPlaced && covers(fact, access)) return fact;
  return union(access, wanted[number])!;
}

/** Whether anything is accessed through the register later, as through this access. */
export function isWorthPlacing(
  number: number,
  access: Span,
  { facts, wantedLater }: Here,
): boolean {
  const fact = factOf(facts, number);
  if (wantedLater[number] === undefined) return false;
  return !fact || fact.kind === 'span' || (fact.kind === 'passed' && !isLikeField(access));
}

function place(facts: Facts, number: number, access: Span, here: Here): void {
  if (!isWorthPlacing(number, access, here) || isPlaced(facts[number], access)) return;
  const { from, to, isStore } = toPlace(number, access, here);
  facts[number] = { kind: 'span', from, to, isStore, isPlaced: true };
}

/** A copy is placed when its register is wanted. */
function copied(fact: Fact | undefined, wanted: Span | undefined): Fact | undefined {
  return fact?.kind === 'span' && !wanted ? { ...fact, isPlaced: false } : fact;
}

/** A sum is placed when its register is wanted. */
function added(fact: Fact | undefined, by: number, wanted: Span | undefined): Fact | undefined {
  if (fact?.kind === 'stack') return { kind: 'stack', offset: fact.offset + by };
  if (fact?.kind !== 'span') return undefined;
  const span = shifted(fact, -by);
  return span && wanted ? { kind: 'span', ...span, isPlaced: fact.isPlaced } : undefined;
}

function noSpans(): Spans {
  return new Array(REGISTERS).fill(undefined);
}

/** Leaves what both know; false when that is all that `known` knew. */
function meet(known: Facts, other: Facts, isLate: boolean): boolean {
  let isChanged = false;
  for (let number = 0; number < REGISTERS; number++) {
    const fact = known[number];
    if (!fact) continue;
    const common = commonFact(fact, other[number]);
    if (common === fact) continue;
    known[number] = isLate ? undefined : common;
    isChanged = true;
  }
  return isChanged;
}

/** `one` itself where it says no more than `other`. */
function commonFact(one: Fact, other: Fact | undefined): Fact | undefined {
  if (one.kind !== other?.kind) return undefined;
  if (one.kind === 'span') return commonSpan(one, other as typeof one);
  if (one.kind === 'stack') return one.offset === (other as typeof one).offset ? one : undefined;
  if (one.kind === 'map') return one.index === (other as typeof one).index ? one : undefined;
  return one;
}

type SpanFact = Extract<Fact, { kind: 'span' }>;

function commonSpan(one: SpanFact, other: SpanFact): SpanFact | undefined {
  const common: SpanFact = {
    kind: 'span',
    from: Math.max(one.from, other.from),
    to: Math.min(one.to, other.to),
    isStore: one.isStore && other.isStore,
    isPlaced: one.isPlaced && other.isPlaced,
  };
  if (common.from >= common.to) return undefined;
  const isSame =
    common.from === one.from &&
    common.to === one.to &&
    common.isStore === one.isStore &&
    common.isPlaced === one.isPlaced;
  return isSame ? one : common;
}
