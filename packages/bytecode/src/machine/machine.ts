/**
 * The machine: runs programs as the kernel would, without privileges, anywhere.
 *
 * Beyond what the checker refuses before, it checks what programs really do. Each access to memory
 * is checked; what the kernel would have refused ends the run with a `MachineFault`.
 */
import { decodePlaced } from '../asm/decode.ts';
import { checkProgram } from '../checker/check.ts';
import type { MapShape, ProgramObject } from '../object.ts';
import {
  Context,
  type ContextFields,
  makeContexts,
  type ProgramKind,
  programKind,
} from './context.ts';
import {
  Cpu,
  type Host,
  LOOPS_MAX,
  type PreparedProgram,
  type Redirect,
  type Step,
} from './cpu.ts';
import { MachineFault, StepFault } from './fault.ts';
import { CodeRunner } from './generated/code-runner.ts';
import { LinearHeap } from './generated/linear-heap.ts';
import { LinearTable } from './generated/linear-table.ts';
import { whyNotGenerated } from './generated/web-assembly.ts';
import { createMap } from './maps/create.ts';
import type { MachineMap } from './maps/map.ts';
import { Memory } from './memory.ts';
import { Packet } from './packet.ts';
import { helperName } from '../listing/helper-names.ts';
import { prepare } from './prepare.ts';
import {
  recordedCalls,
  recordedFields,
  recordedPacket,
  type RunRecord,
  takeRecord,
} from './run-record.ts';

/**
 * How programs are run. `interpreter` does one instruction after the other; `generated` makes
 * WebAssembly of them. Both come to the same results, faults and counts.
 */
export type EngineName = 'interpreter' | 'generated';

/** All of them have defaults under which every run is repeatable. */
export interface MachineOptions {
  /** Nanoseconds since boot. Default: stands still at one second. */
  readonly clock?: () => bigint;
  /** Ticks a second of `jiffies64`; a kernel's CONFIG_HZ. Default: 250. */
  readonly ticksPerSecond?: number;
  /** How many CPUs per-CPU maps have values for. Default: 1. */
  readonly cpus?: number;
  /** Where the random numbers begin. Default: 1. */
  readonly seed?: number;
  /** Instructions that one run may execute, below 2^31. Default: 33,554,432. */
  readonly instructionBudget?: number;
  /**
   * Default: `generated`, or `interpreter` where this host refuses to generate code; then
   * `Machine.fallback` says why.
   */
  readonly engine?: EngineName;
  /** Whether `load` refuses what the kernel certainly would. Default: true. */
  readonly checks?: boolean;
  readonly fibLookup?: Host['fibLookup'];
}

/** What a program is run on. */
export interface RunInput {
  /** From the Ethernet header on. */
  readonly packet: Uint8Array;
  /** Fields of the context by the names of `contextShapes`; the others are zero. */
  readonly context?: ContextFields;
  /** TC: bytes that the program reaches without `skb_pull_data`. Default: all. */
  readonly linearBytes?: number;
  /** TC: of the socket that the packet belongs to. Default: 0, it belongs to none. */
  readonly socketCookie?: bigint;
  /** The CPU to run on. Default: 0. */
  readonly cpu?: number;
  /**
   * How many turns the program has, as by the kernel's BPF_PROG_TEST_RUN: packet and context are
   * set up once, and each turn begins with what the one before left of them. Default: 1; 0 is 1.
   *
   * @source bpf_test_run, net/bpf/test_run.c
   */
  readonly repeat?: number;
}

/** What a run came to; of several turns, what the last one came to. */
export class RunResult {
  /** r0, as the kernel takes it: 32 bits, signed. */
  readonly returnValue: number;
  /** Where to, when the return value says so. */
  readonly redirect?: Redirect;
  /** By all turns together. */
  readonly instructionsExecuted: number;
  /** Of a turn, on average, by the host's own clock; where `repeat` was given. */
  readonly durationNanoseconds?: number;
  private readonly kind: ProgramKind;
  private readonly record: RunRecord;
  private readonly packetBytes: number;
  private copy: Uint8Array | undefined;

  constructor(cpu: Cpu, redirect: Redirect | undefined) {
    const { packet, context } = cpu;
    this.returnValue = cpu.s32(0);
    if (redirect) this.redirect = redirect;
    this.instructionsExecuted = cpu.executed;
    if (cpu.durationNanoseconds !== undefined) this.durationNanoseconds = cpu.durationNanoseconds;
    this.kind = context.kind;
    this.packetBytes = packet.length;
    this.record = takeRecord(cpu, context, packet.words);
    this.copy = packet.words === 0 ? packet.copy() : undefined;
  }

  /** As the program left it. */
  get packet(): Uint8Array {
    this.copy ??= recordedPacket(this.record, this.packetBytes);
    return this.copy;
  }

  /** Fields of the context as the program left them. */
  get context(): ContextFields {
    return Context.fieldsOf(this.kind, recordedFields(this.record));
  }

  /** How often all turns together called each helper, by its name in the kernel. */
  get helperCalls(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    const calls = recordedCalls(this.record);
    for (let at = 0; at < calls.length; at += 2) {
      counts.set(nameOf(calls[at]!), calls[at + 1]!);
    }
    return counts;
  }
}

const XDP_REDIRECT = 4;
const TC_REDIRECT = 7;
/** Four for each turn that the kernel lets a loop have; the interpreter needs about a second. */
const BUDGET = 4 * LOOPS_MAX;

/** A program with its maps, ready to run. */
export class LoadedProgram implements PreparedProgram {
  readonly kind: ProgramKind;

  constructor(
    readonly machine: Machine,
    readonly object: ProgramObject,
    readonly steps: readonly Step[],
    readonly enter: PreparedProgram['enter'],
  ) {
    this.kind = programKind(object.programType)!;
  }

  /** `interpreter` also for what code cannot be generated for. */
  get engine(): EngineName {
    return this.enter ? 'generated' : 'interpreter';
  }

  /** @throws MachineFault where the program does what the kernel would not have allowed */
  run(input: RunInput): RunResult {
    return this.machine.run(this, input);
  }
}

/** Maps, programs, and what they see of the world around them. */
export class Machine {
  readonly cpus: number;
  private readonly host: Host;
  private readonly budget: number;
  private readonly maps = new Map<string, MachineMap>();
  /** Why the machine interprets although it need not; `undefined` where it does not. */
  readonly fallback: string | undefined;
  private readonly checks: boolean;
  private readonly memory: Memory;
  private readonly contexts: Readonly<Record<ProgramKind, Context>>;
  private readonly cpu: Cpu;
  private readonly runner: CodeRunner | undefined;
  private readonly programs = new WeakMap<ProgramObject, LoadedProgram>();
  private isRunning = false;

  constructor(options: MachineOptions = {}) {
    this.cpus = options.cpus ?? 1;
    this.budget = options.instructionBudget ?? BUDGET;
    this.checks = options.checks ?? true;
    if (!(this.budget < 2 ** 31)) {
      throw new RangeError(`machine: instructionBudget ${this.budget}, expected below 2^31`);
    }
    const isWanted = options.engine !== 'interpreter';
    this.fallback = isWanted ? whyNotGenerated() : undefined;
    if (isWanted && this.fallback === undefined) {
      const heap = new LinearHeap();
      this.memory = new Memory(heap, new LinearTable(heap));
      this.runner = new CodeRunner(heap);
    } else {
      this.memory = new Memory();
    }
    this.contexts = makeContexts(this.memory);
    const clock = options.clock ?? (() => 1_000_000_000n);
    this.host = {
      clock,
      jiffies: jiffiesBy(clock, options.ticksPerSecond ?? 250),
      random: randomNumbers(options.seed ?? 1),
      fibLookup: options.fibLookup,
    };
    this.cpu = new Cpu(this.host, new Packet(this.memory), this.memory);
  }

  /** A map that programs find by its name. @throws Error when there is one of another shape */
  createMap(shape: MapShape): MachineMap {
    const known = this.maps.get(shape.name);
    if (!known) {
      const map = createMap(shape, this.cpus, this.memory);
      this.memory.keep(map.region);
      this.maps.set(shape.name, map);
      return map;
    }
    demandSameShape(known.shape, shape);
    return known;
  }

  /** A map that belongs to no name: to be put into a map of maps. */
  createUnnamedMap(shape: MapShape): MachineMap {
    return createMap(shape, this.cpus, this.memory);
  }

  /**
   * The map of a name, of the class that the caller asks for.
   *
   * @throws Error when there is none, or one of another class
   */
  map<M extends MachineMap>(name: string, kind: abstract new (...given: never[]) => M): M {
    const map = this.maps.get(name);
    if (map instanceof kind) return map;
    const found = map ? `it is of kind ${map.shape.kind}` : 'there is none of this name';
    throw new Error(`open map ${name}: expected ${kind.name}: ${found}`);
  }

  /**
   * Makes a program ready to run, and those of its maps that do not exist yet. The same object
   * again gives the same program.
   *
   * @throws Refusal for what the kernel would certainly refuse, MachineFault for what the machine
   * has not; DecodeError where there is no instruction
   */
  load(object: ProgramObject): LoadedProgram {
    if (!programKind(object.programType)) {
      const detail = `type ${object.programType}, expected 3 (TC) or 6 (XDP)`;
      throw new Error(`load program ${object.name}: ${detail}`);
    }
    const known = this.programs.get(object);
    if (known) return known;
    for (const shape of object.maps) this.createMap(shape);
    for (const { map } of object.mapReferences) {
      if (!this.maps.has(map)) throw new Error(`load program ${object.name}: no map ${map}`);
    }
    const refusal = this.checks ? checkProgram(object) : undefined;
    if (refusal) throw refusal;
    const steps = prepare(object, this.maps);
    const enter = this.runner?.instantiate(object, this.maps);
    const loaded = new LoadedProgram(this, object, steps, enter);
    this.programs.set(object, loaded);
    return loaded;
  }

  /** As `LoadedProgram.run`. */
  run(program: LoadedProgram, input: RunInput): RunResult {
    const number = input.cpu ?? 0;
    if (number >= this.cpus) {
      throw new RangeError(
        `run ${program.object.name}: cpu ${number}, expected below ${this.cpus}`,
      );
    }
    if (this.isRunning) {
      throw new Error(`run ${program.object.name}: the machine is running, one at a time`);
    }
    this.isRunning = true;
    try {
      return this.runOn(program, number, input);
    } finally {
      this.isRunning = false;
    }
  }

  private runOn(program: LoadedProgram, number: number, input: RunInput): RunResult {
    const { cpu } = this;
    const { kind } = program;
    const context = this.contexts[kind];
    cpu.packet.begin(input.packet, kind === 'tc' ? input.linearBytes : undefined);
    context.begin(input.context, input.packet.length);
    cpu.begin(program, number, context);
    cpu.socketCookie = input.socketCookie ?? 0n;
    try {
      const { repeat } = input;
      cpu.durationNanoseconds = repeat === undefined ? this.turn() : this.turns(repeat || 1);
      const isRedirect = cpu.s32(0) === (kind === 'xdp' ? XDP_REDIRECT : TC_REDIRECT);
      return new RunResult(cpu, isRedirect ? cpu.redirect : undefined);
    } catch (error) {
      cpu.discardRecords();
      cpu.forgetCalls();
      throw error instanceof StepFault ? placed(cpu, error) : error;
    } finally {
      cpu.close();
    }
  }

  /** Gives what a turn took on average. */
  private turns(count: number): number {
    const { cpu } = this;
    const { program, number, context } = cpu;
    const started = performance.now();
    let executed = 0;
    for (let left = count; ; left--) {
      this.turn();
      executed += cpu.executed;
      if (left === 1) break;
      cpu.packet.beginTurn();
      cpu.begin(program, number, context);
    }
    cpu.executed = executed;
    return ((performance.now() - started) * NANOSECONDS_A_MILLISECOND) / count;
  }

  /** Runs the program to its end. */
  private turn(): undefined {
    const { cpu } = this;
    if (this.runner) this.runner.run(cpu, this.budget);
    else cpu.run(this.budget);
    cpu.finish();
  }
}

function nameOf(helper: number): string {
  return helperName(helper) ?? `helper ${helper}`;
}

/** The fault with the place at which it happened. */
function placed(cpu: Cpu, error: StepFault): MachineFault {
  const { object } = cpu.program;
  const at = decodePlaced(object.code).find((each) => each.slot === cpu.slot);
  return new MachineFault(object, cpu.slot, at?.instruction, error.message);
}

function demandSameShape(known: MapShape, wanted: MapShape): void {
  for (const part of ['kind', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const) {
    if (known[part] === wanted[part]) continue;
    const detail = `${part} ${wanted[part]}, but it exists with ${known[part]}`;
    throw new Error(`create map ${wanted.name}: ${detail}`);
  }
}

const NANOSECONDS_A_MILLISECOND = 1_000_000;
const NANOSECONDS_A_SECOND = 1_000_000_000n;

/** Ticks since boot; divides only when the clock has moved. */
function jiffiesBy(clock: () => bigint, ticksPerSecond: number): () => number {
  let then = 0n;
  let ticks = 0;
  return () => {
    const now = clock();
    if (now !== then) {
      then = now;
      ticks = Number((now * BigInt(ticksPerSecond)) / NANOSECONDS_A_SECOND);
    }
    return ticks;
  };
}

/** Marsaglia's xorshift of 32 bits. */
function randomNumbers(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
