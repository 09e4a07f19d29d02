/**
 * The state of a run: registers, call frames, memory.
 *
 * A 64-bit register is two signed 32-bit words, because JavaScript's 64-bit integers are objects.
 */
import type { ProgramObject } from '../object.ts';
import type { Context } from './context.ts';
import { StepFault } from './fault.ts';
import type { RingBufferMap } from './maps/ring-buffer.ts';
import type { Cells, Heap } from './heap.ts';
import { type Memory, ORIGIN, Region } from './memory.ts';
import type { Packet } from './packet.ts';

/** One instruction, prepared: does its work and gives the next slot, `FINISHED` or `SWITCHED`. */
export type Step = (cpu: Cpu) => number;
/** A program whose instructions are prepared. */
export interface PreparedProgram {
  readonly object: ProgramObject;
  /** One for each slot. */
  readonly steps: readonly Step[];
  /**
   * Generated code, where there is any: runs from the first instruction to the end or a tail call.
   * It is given how many instructions may still be executed, and gives back how many are left.
   */
  readonly enter?: ((instructionsLeft: number) => number) | undefined;
}

/** The program has ended. */
export const FINISHED = -1;
/** Another program goes on, at `resumeAt`. */
export const SWITCHED = -2;

const FRAMES_MAX = 8;
/** Of each frame. */
export const STACK_BYTES = 512;
/** What memory and registers hold that nothing was written to: recognisable in a result. */
export const UNWRITTEN = 0xa5;
const LOST = 0x5a5a5a5a;
/** The number of the helper that looks a key up. */
export const LOOKUP = 1;
/** The number of the helper that takes a lock. */
export const SPIN_LOCK = 93;
/** The number of the helper that releases it. */
export const SPIN_UNLOCK = 94;
/** Generated code counts calls of these by itself. */
const COUNTED_APART = [LOOKUP, SPIN_LOCK, SPIN_UNLOCK] as const;
/** @source BPF_MAX_LOOPS, include/linux/bpf.h */
export const LOOPS_MAX = 8 << 20;

/** Where a program sends the packet when its result says so. */
export interface Redirect {
  readonly kind: 'redirect' | 'peer' | 'neighbour';
  readonly ifindex: number;
  readonly flags: bigint;
  /** `struct bpf_redir_neigh`, where the program gave one. */
  readonly nextHop?: Uint8Array;
}

/** What a machine gives to its runs. */
export interface Host {
  /** Nanoseconds since boot. */
  readonly clock: () => bigint;
  /** 32 bits. */
  readonly random: () => number;
  /** What `jiffies64` answers. */
  readonly jiffies: () => number;
  /**
   * Answers `fib_lookup`: changes `struct bpf_fib_lookup` in place, returns BPF_FIB_LKUP_RET_* or
   * a negative error number.
   */
  readonly fibLookup: ((parameters: Uint8Array, flags: number) => number) | undefined;
}

interface Frame {
  readonly program: PreparedProgram;
  readonly returnTo: number;
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly stack: Region;
}

/** What runs: one for each machine, made ready for each run. */
export class Cpu {
  readonly low: Int32Array;
  readonly high: Int32Array;
  program!: PreparedProgram;
  context!: Context;
  /** The number of the CPU that it stands for. */
  number = 0;
  /** Slot of the instruction at work. */
  slot = 0;
  executed = 0;
  /** Of each turn on average; `undefined` where nobody wants to know. */
  durationNanoseconds: number | undefined;
  resumeAt = 0;
  tailCalls = 0;
  redirect: Redirect | undefined;
  /** Of the socket that the packet belongs to; 0: none. */
  socketCookie = 0n;
  private records: Map<Region, RingBufferMap> | undefined;
  /** Frames that belong to whoever called `run`: it ends when one of them is returned to. */
  private floor = 0;
  private budget = 0;
  private isInterpreting = false;
  private readonly frames: Frame[] = [];
  /** Of the first frame. */
  private readonly firstStack: Region;
  private stack: Region;
  /** The helpers that were called. */
  private readonly called: number[] = [];
  private readonly heap: Heap;
  private readonly cells: Cells;

  constructor(
    readonly host: Host,
    readonly packet: Packet,
    readonly memory: Memory,
  ) {
    this.heap = memory.heap;
    this.cells = this.heap.cells;
    this.low = this.cells.low;
    this.high = this.cells.high;
    this.firstStack = new Region('stack', 'stack', this.heap.allocate(STACK_BYTES));
    memory.keep(this.firstStack);
    this.stack = this.firstStack;
  }

  /** Makes ready for a run; the packet is in place. */
  begin(program: PreparedProgram, number: number, context: Context): void {
    this.context = context;
    this.number = number;
    this.cells.cpu[0] = number;
    this.executed = 0;
    this.tailCalls = 0;
    this.floor = 0;
    this.isInterpreting = false;
    this.redirect = undefined;
    if (!program.enter) this.clearRegisters();
    this.stack = this.firstStack;
    this.setAddress(10, this.stack, STACK_BYTES);
    this.enter(program);
  }

  /** Generated code begins with cleared registers by itself. */
  private clearRegisters(): void {
    for (let register = 0; register < 10; register++) {
      this.low[register] = 0;
      this.high[register] = 0;
    }
  }

  /** Records reserved and not yet submitted or discarded. */
  get openRecords(): Map<Region, RingBufferMap> {
    this.records ??= new Map();
    return this.records;
  }

  /** One more call of a helper. */
  countCall(helper: number): void {
    const { calls } = this.cells;
    if (calls[helper] === 0) this.called.push(helper);
    calls[helper] = calls[helper]! + 1;
  }

  /** What `takeCalls` writes. */
  callWords(): number {
    const { called } = this;
    const { calls } = this.cells;
    for (let each = 0; each < COUNTED_APART.length; each++) {
      const helper = COUNTED_APART[each]!;
      if (calls[helper] !== 0 && !called.includes(helper)) called.push(helper);
    }
    return called.length * 2;
  }

  /**
   * Writes number and calls of each helper that was called, one after the other, to a place in a
   * list, after `callWords`. Counts from 0 again.
   */
  takeCalls(target: number[], at: number): void {
    const { called } = this;
    const { calls } = this.cells;
    for (let to = at; called.length > 0; to += 2) {
      const helper = called.pop()!;
      target[to] = helper;
      target[to + 1] = calls[helper]!;
      calls[helper] = 0;
    }
  }

  /** Counts from 0 again. */
  forgetCalls(): void {
    const { called } = this;
    const { calls } = this.cells;
    while (called.length > 0) calls[called.pop()!] = 0;
    for (const helper of COUNTED_APART) calls[helper] = 0;
  }

  /** How many calls deep it is. */
  get depth(): number {
    return this.frames.length;
  }

  /**
   * Interprets to the end, or until the frame at work has returned.
   *
   * @throws StepFault where it may not go on, or when `budget` is used up
   */
  run(budget: number): void {
    const { isInterpreting } = this;
    this.isInterpreting = true;
    this.budget = budget;
    this.floor = this.depth;
    let slot = this.resumeAt;
    for (;;) {
      const { steps } = this.program;
      while (slot >= 0) {
        this.slot = slot;
        if (++this.executed > budget) throw this.exhausted(budget);
        slot = steps[slot]!(this);
      }
      if (slot === FINISHED || this.depth < this.floor) break;
      slot = this.resumeAt;
    }
    this.isInterpreting = isInterpreting;
  }

  /** Interprets a subprogram to its end, in the middle of a helper; r1 to r5 are its arguments. */
  callBack(target: number): void {
    const { slot, floor } = this;
    this.resumeAt = this.call(target, slot);
    this.run(this.budget);
    this.floor = floor;
    this.slot = slot;
  }

  /** What a run ends with that takes too long. */
  exhausted(budget: number): StepFault {
    return new StepFault(`more than ${budget} instructions (does a loop end?)`);
  }

  /** Checks what may be checked at the end only. @throws StepFault for a record left open */
  finish(): void {
    if (!this.records || this.records.size === 0) return;
    const [record] = this.records.keys();
    if (record) throw new StepFault(`end with ${record.name} neither submitted nor discarded`);
  }

  /** Makes ready for the first instruction of a program, in the frame of the present one. */
  enter(program: PreparedProgram): void {
    this.program = program;
    // Generated code does it by itself.
    if (!program.enter || this.isInterpreting) this.heap.fill(this.stack.bytes, UNWRITTEN);
    this.setAddress(1, this.context.region, 0);
    this.cells.loops[0] = LOOPS_MAX;
    this.resumeAt = 0;
  }

  private pushStack(): void {
    const bytes = this.heap.allocate(STACK_BYTES, UNWRITTEN);
    this.stack = new Region('stack', 'stack', bytes);
    this.setAddress(10, this.stack, STACK_BYTES);
  }

  /** Enters a subprogram; its arguments are already in place. */
  call(target: number, returnTo: number): number {
    if (this.frames.length + 1 >= FRAMES_MAX) {
      throw new StepFault(`call ${FRAMES_MAX} frames deep, expected at most ${FRAMES_MAX - 1}`);
    }
    const low = this.low.slice(6);
    const high = this.high.slice(6);
    this.frames.push({ program: this.program, returnTo, low, high, stack: this.stack });
    this.pushStack();
    return target;
  }

  /** Leaves the subprogram, or the program. */
  exit(): number {
    const frame = this.frames.pop();
    if (!frame) return FINISHED;
    this.stack.revoke('the subprogram whose stack it was has returned');
    this.heap.reuse(this.stack.bytes);
    this.stack = frame.stack;
    this.low.set(frame.low, 6);
    this.high.set(frame.high, 6);
    this.loseArguments();
    if (frame.program === this.program && this.depth >= this.floor) return frame.returnTo;
    this.program = frame.program;
    this.resumeAt = frame.returnTo;
    return SWITCHED;
  }

  /** Calls destroy r1 to r5: a program that reads them has a bug, which shall show. */
  loseArguments(): void {
    const { low, high } = this;
    // Not by `fill`, which is slow on memory that generated code shares.
    for (let number = 1; number < 6; number++) {
      low[number] = LOST;
      high[number] = LOST;
    }
  }

  /** False when the loop must be left. */
  mayLoop(): boolean {
    const { loops } = this.cells;
    const isLeft = loops[0]! > 0;
    loops[0] = loops[0]! - 1;
    return isLeft;
  }

  /** The bytes of the frame's stack. */
  get stackBytes(): Uint8Array {
    return this.stack.bytes;
  }

  /** What a fault leaves reserved is never read. */
  discardRecords(): void {
    if (!this.records) return;
    for (const [region, buffer] of this.records) buffer.finish(region, 'discarded');
  }

  /** Gives back what lived for this run. */
  close(): void {
    if (this.records && this.records.size > 0) this.records.clear();
    this.context.end();
    while (this.stack !== this.firstStack) {
      this.heap.release(this.stack.bytes);
      this.stack = this.frames.pop()!.stack;
    }
  }

  setAddress(register: number, region: Region, offset: number): void {
    this.high[register] = this.memory.attach(region);
    this.low[register] = ORIGIN + offset;
  }

  /** A whole number of at most 53 bits, or its negative. */
  setNumber(register: number, value: number): void {
    this.low[register] = value;
    this.high[register] = Math.floor(value / 0x1_0000_0000);
  }

  setBits(register: number, value: bigint): void {
    this.low[register] = Number(BigInt.asIntN(32, value));
    this.high[register] = Number(BigInt.asIntN(32, value >> 32n));
  }

  /** All 64 bits, unsigned. */
  bits(register: number): bigint {
    const high = BigInt(this.high[register]! >>> 0);
    return (high << 32n) | BigInt(this.low[register]! >>> 0);
  }

  /** The low 32 bits, unsigned. */
  u32(register: number): number {
    return this.low[register]! >>> 0;
  }

  /** The low 32 bits, signed. */
  s32(register: number): number {
    return this.low[register]!;
  }

  /**
   * `size` bytes of program memory at the address in a register.
   *
   * @throws StepFault when they are not all in one region, or not writable
   */
  bytes(register: number, size: number, writable = false): Uint8Array {
    const { bytes } = this.locate(register, size, writable);
    return bytes.subarray(this.memory.offset, this.memory.offset + size);
  }

  /** As `bytes`: the region; the place of the first byte in it is left in `memory.offset`. */
  locate(register: number, size: number, writable = false): Region {
    const { memory } = this;
    const high = this.high[register]!;
    const low = this.low[register]!;
    const region = writable
      ? memory.locateWritable(high, low, size)
      : memory.locate(high, low, size);
    if (region.kind === 'context') throw new StepFault('context given to a helper as memory');
    return region;
  }

  /** The region whose first byte the register addresses; `undefined` for any other value. */
  regionOf(register: number): Region | undefined {
    const region = this.memory.regionAt(this.high[register]!);
    return region && this.low[register] === ORIGIN + region.begin ? region : undefined;
  }
}
