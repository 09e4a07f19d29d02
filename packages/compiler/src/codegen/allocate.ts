/**
 * Register allocation.
 *
 * Registers joined by moves are coalesced into webs as long as their live ranges do not meet. Webs
 * then choose a machine register, those used most first; a web that finds none
 * falls apart into its registers again, and a register that finds none lives on the stack, where
 * single instructions fetch and put it. A machine register is a row of bits, one for each position
 * of the function, so that asking costs little and everything stays close to linear.
 *
 * A pointer on the stack keeps what the verifier knows of it, because it is always 8 bytes.
 */
import { BitRow } from './bit-row.ts';
import { dropCopies } from './drop-copies.ts';
import {
  computeLiveRanges,
  type LiveRanges,
  mergeRanges,
  type Ranges,
  rangesMeet,
} from './live-ranges.ts';
import {
  definesDestination,
  FIRST_VIRTUAL,
  FRAME_POINTER,
  LAST_SCRATCH,
  type MachineFunction,
  type MachineInstruction,
  usesDestination,
} from './machine.ts';
import { Spiller } from './spill.ts';

/** Those that calls overwrite come first: the others are kept for what lives across a call. */
const preference = [1, 2, 3, 4, 5, 0, 6, 7, 8, 9];

/** What packet pointers are moved by goes before all that is used no more than this as often. */
const offsetWeight = 1e6;

/** A web larger than this is not coalesced further, so that merging stays cheap. */
const rangeLimit = 256;

/**
 * Spilling shortens every register involved to a few positions; more rounds than this mean a
 * defect.
 */
const roundLimit = 40;

/** For tests and for measuring: what the allocator may not use. */
export interface AllocationOptions {
  /** Machine registers that may be used, but for the short life of a spilled register's copy. */
  readonly registers?: readonly number[];
  readonly coalesces?: boolean;
}

interface Move {
  readonly destination: number;
  readonly source: number;
  readonly weight: number;
}

interface Web {
  members: number[];
  ranges: Ranges;
  /** Reads and writes, weighed by loop depth. */
  cost: number;
  /** What it would cost on the stack; known when webs are sorted. */
  weight: number;
}

/** Replaces virtual registers by machine registers, in place. */
export function allocateRegisters(made: MachineFunction, options: AllocationOptions = {}): void {
  const spiller = new Spiller(made);
  for (let round = 0; round < roundLimit; round++) {
    const allocation = new Allocation(made, computeLiveRanges(made), spiller, options);
    const failed = allocation.run();
    if (failed.length === 0) {
      rename(made, allocation.colours);
      dropCopies(made.blocks);
      return;
    }
    spiller.spill(failed);
  }
  throw new Error(`code ${made.name}: register allocation does not end`);
}

class Allocation {
  /** Machine register by register; -1 for none yet. */
  readonly colours: Int32Array;
  private readonly occupied: BitRow[] = [];
  private readonly moves: Move[] = [];
  /** By register: the moves that would vanish if it got the register on their other side. */
  private readonly partners: (Move[] | undefined)[] = [];
  private readonly wishes = new Float64Array(FRAME_POINTER);
  /** Where each machine register is wished for by somebody who can have it: others keep off. */
  private readonly wanted: BitRow[] = [];
  private readonly costs: Float64Array;
  private readonly pool: readonly number[];

  constructor(
    private readonly made: MachineFunction,
    private readonly live: LiveRanges,
    private readonly spiller: Spiller,
    private readonly options: AllocationOptions,
  ) {
    this.colours = new Int32Array(made.registerCount).fill(-1);
    this.costs = new Float64Array(made.registerCount);
    const allowed = options.registers;
    this.pool = allowed ? preference.filter((each) => allowed.includes(each)) : preference;
    for (let register = 0; register < FRAME_POINTER; register++) {
      this.colours[register] = register;
      this.occupied.push(new BitRow(live.end));
      this.wanted.push(new BitRow(live.end));
      this.occupy(register, live.ranges[register]!);
    }
  }

  /** Gives each register a colour; the webs of those that got none. */
  run(): number[][] {
    this.collectMoves();
    const webs = this.coalesce();
    for (const web of webs) this.noteWishes(web);
    sortByWeight(webs);
    const failed: number[][] = [];
    for (const web of webs) {
      const left = this.place(web);
      if (left.length > 0) failed.push(left);
    }
    return failed;
  }

  private collectMoves(): void {
    for (const block of this.made.blocks) {
      const weight = 10 ** Math.min(block.loopDepth, 6);
      for (const each of block.instructions) this.collectMove(each, weight);
    }
    for (const offset of this.made.offsets) this.costs[offset]! *= offsetWeight;
  }

  private collectMove(each: MachineInstruction, weight: number): void {
    const { destination, source } = each;
    if (source >= FIRST_VIRTUAL) this.costs[source]! += weight;
    if (destination >= FIRST_VIRTUAL) {
      if (usesDestination(each)) this.costs[destination]! += weight;
      if (definesDestination(each)) this.costs[destination]! += weight;
    }
    if (each.operation !== 'move' || source === FRAME_POINTER) return;
    const move = { destination, source, weight };
    if (destination >= FIRST_VIRTUAL && source >= FIRST_VIRTUAL) this.moves.push(move);
    this.addPartner(destination, move);
    this.addPartner(source, move);
  }

  private addPartner(register: number, move: Move): void {
    // A machine register is what others wish for: it wishes for none.
    if (register < FIRST_VIRTUAL) return;
    const known = this.partners[register];
    if (known) known.push(move);
    else this.partners[register] = [move];
  }

  private coalesce(): Web[] {
    /** By register. */
    const webs: (Web | undefined)[] = [];
    for (let register = FIRST_VIRTUAL; register < this.made.registerCount; register++) {
      const ranges = this.live.ranges[register]!;
      if (ranges.length === 0) continue;
      // Temporary copies cannot wait: they choose first.
      const cost = this.spiller.isTemporary(register) ? Infinity : this.costs[register]!;
      webs[register] = { members: [register], ranges, cost, weight: 0 };
    }
    if (this.options.coalesces !== false) {
      this.moves.sort((left, right) => right.weight - left.weight);
      for (const move of this.moves) this.join(webs, move);
    }
    return [...new Set(webs.filter((web) => web !== undefined))];
  }

  private join(webs: (Web | undefined)[], move: Move): void {
    let [left, right] = [webs[move.destination]!, webs[move.source]!];
    if (left === right) return;
    if (this.spiller.isTemporary(move.destination) || this.spiller.isTemporary(move.source)) return;
    if (left.ranges.length + right.ranges.length > rangeLimit) return;
    if (rangesMeet(left.ranges, right.ranges)) return;
    if (left.members.length < right.members.length) [left, right] = [right, left];
    left.ranges = mergeRanges(left.ranges, right.ranges);
    left.cost += right.cost;
    for (const member of right.members) {
      left.members.push(member);
      webs[member] = left;
    }
  }

  private noteWishes({ members, ranges }: Web): void {
    const wishes = this.wishesOf(members);
    for (let colour = 0; colour <= LAST_SCRATCH; colour++) {
      if (wishes[colour]! > 0 && this.isFree(colour, ranges)) add(this.wanted[colour]!, ranges);
    }
  }

  /** The members of `web` that find no machine register. */
  private place(web: Web): number[] {
    const colour = this.choose(web.members, web.ranges);
    if (colour !== null) {
      for (const member of web.members) this.colours[member] = colour;
      this.occupy(colour, web.ranges);
      return [];
    }
    const [first] = web.members;
    if (web.members.length === 1) {
      if (!this.spiller.isTemporary(first!)) return web.members;
      throw new Error(`code ${this.made.name}: no register for a spilled value`);
    }
    const parts = web.members.map((member) => ({
      members: [member],
      ranges: this.live.ranges[member]!,
      cost: this.costs[member]!,
      weight: 0,
    }));
    sortByWeight(parts);
    return parts.flatMap((part) => this.place(part));
  }

  /** By machine register: what the moves weigh that would vanish there. */
  private wishesOf(members: readonly number[]): Float64Array {
    const wishes = this.wishes.fill(0);
    members.forEach((member) => {
      this.partners[member]?.forEach(({ destination, source, weight }) => {
        const colour = this.colours[destination === member ? source : destination]!;
        if (colour >= 0) wishes[colour]! += weight;
      });
    });
    return wishes;
  }

  /**
   * Where a move would vanish, if it is free there; else the first that is free and that nobody
   * else wishes for; else the first that is free.
   */
  private choose(members: readonly number[], ranges: Ranges): number | null {
    const isTemporary = members.length === 1 && this.spiller.isTemporary(members[0]!);
    const pool = isTemporary ? preference : this.pool;
    const wishes = this.wishesOf(members);
    let best: number | null = null;
    let isBestWanted = false;
    for (let index = 0; index < pool.length; index++) {
      const colour = pool[index]!;
      const isMoreWished = best === null || wishes[colour]! > wishes[best]!;
      const isInstead = isBestWanted && colour <= LAST_SCRATCH && wishes[colour] === wishes[best!];
      if (!isMoreWished && !isInstead) continue;
      if (!this.isFree(colour, ranges)) continue;
      const isWanted = wishes[colour] === 0 && meets(this.wanted[colour]!, ranges);
      if (!isMoreWished && isWanted) continue;
      best = colour;
      isBestWanted = isWanted;
    }
    return best;
  }

  private isFree(colour: number, ranges: Ranges): boolean {
    return !meets(this.occupied[colour]!, ranges);
  }

  private occupy(colour: number, ranges: Ranges): void {
    add(this.occupied[colour]!, ranges);
  }
}

function meets(row: BitRow, ranges: Ranges): boolean {
  for (let index = 0; index < ranges.length; index += 2) {
    if (row.meetsRange(ranges[index]!, ranges[index + 1]!)) return true;
  }
  return false;
}

function add(row: BitRow, ranges: Ranges): void {
  for (let index = 0; index < ranges.length; index += 2) {
    row.addRange(ranges[index]!, ranges[index + 1]!);
  }
}

/** The heaviest first; each is weighed once. */
function sortByWeight(webs: Web[]): void {
  for (const web of webs) web.weight = weightOf(web);
  // Two that are infinitely heavy have no difference.
  webs.sort((left, right) => (left.weight === right.weight ? 0 : right.weight - left.weight));
}

/**
 * What the web would cost on the stack. Its length counts little: a pointer that is used all over a
 * function has to win against values that live for a moment, or it is fetched at each of its uses.
 */
function weightOf(web: Web): number {
  let length = 0;
  for (let index = 0; index < web.ranges.length; index += 2) {
    length += web.ranges[index + 1]! - web.ranges[index]!;
  }
  return web.cost / length ** 0.25;
}

function rename(made: MachineFunction, colours: Int32Array): void {
  for (const block of made.blocks) {
    block.instructions = block.instructions.filter((each) => {
      if (each.destination >= FIRST_VIRTUAL) each.destination = colours[each.destination]!;
      if (each.source >= FIRST_VIRTUAL) each.source = colours[each.source]!;
      return each.operation !== 'move' || each.destination !== each.source;
    });
  }
}
