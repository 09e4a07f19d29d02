/** Runs generated code for one machine. */
import type { ProgramObject } from '../../object.ts';
import { type Cpu, SWITCHED } from '../cpu.ts';
import { machineHelpers } from '../helpers/table.ts';
import type { MachineMap } from '../maps/map.ts';
import { highOf, ORIGIN } from '../memory.ts';
import type { LinearHeap } from './linear-heap.ts';
import { type ModuleSource, moduleSource } from './module.ts';
import { type WasmModule, webAssembly } from './web-assembly.ts';

type Enter = (instructionsLeft: number) => number;

interface Generated extends ModuleSource {
  readonly module: WasmModule;
}

/** Generated once for all machines; `undefined` for what only the interpreter can run. */
const modules = new WeakMap<ProgramObject, Generated | undefined>();

function generate(object: ProgramObject): Generated | undefined {
  if (modules.has(object)) return modules.get(object);
  const source = moduleSource(object);
  const made = source && { ...source, module: new webAssembly!.Module(source.bytes) };
  modules.set(object, made);
  return made;
}

/** What generated code calls, and what calls it. */
export class CodeRunner {
  private cpu!: Cpu;
  private budget = 0;
  private isSwitched = false;
  private hasLeft = false;
  private readonly imports: Readonly<Record<string, unknown>>;

  constructor(private readonly heap: LinearHeap) {
    this.imports = {
      memory: heap.memory,
      step: (slot: number) => this.step(slot),
      call: (slot: number) => this.call(slot),
      leave: () => this.leave(),
      follow: (left: number) => this.follow(left),
      interpret: (slot: number, left: number) => {
        this.cpu.resumeAt = slot;
        return this.interpret(left);
      },
    };
  }

  /** The code of a program, ready to be entered; `undefined` when only steps can run it. */
  instantiate(object: ProgramObject, maps: ReadonlyMap<string, MachineMap>): Enter | undefined {
    const generated = generate(object);
    if (!generated) return undefined;
    const constants = generated.maps.flatMap((name, index) => {
      const { region, directory } = maps.get(name)!;
      const address = (BigInt(highOf(region.number)) << 32n) | BigInt(ORIGIN);
      return [[`map${index}`, address] as const, [`directory${index}`, directory] as const];
    });
    const helpers = generated.helpers.map(
      (number) => [`helper${number}`, this.helper(number)] as const,
    );
    const own = Object.fromEntries<unknown>([...constants, ...helpers]);
    const machine = { ...this.imports, ...own };
    const { exports } = new webAssembly!.Instance(generated.module, { machine });
    return exports.run as Enter;
  }

  /** Runs to the end. @throws StepFault as `Cpu.run` */
  run(cpu: Cpu, budget: number): void {
    this.cpu = cpu;
    this.budget = budget;
    this.hasLeft = false;
    this.heap.isFirst[0] = 1;
    cpu.executed = budget - this.follow(budget);
  }

  /** Runs the present program in the present frame, and those that it goes on with. */
  private follow(instructionsLeft: number): number {
    const { isFirst } = this.heap;
    let left = instructionsLeft;
    for (;;) {
      const { enter } = this.cpu.program;
      if (!enter) return this.interpret(left);
      this.isSwitched = false;
      this.noteStack();
      left = enter(left);
      isFirst[0] = 0;
      if (!this.isSwitched) return left;
    }
  }

  /** To the end of the frame, from `resumeAt`. */
  private interpret(left: number): number {
    const { cpu, budget } = this;
    const { depth } = cpu;
    cpu.executed = budget - left;
    cpu.run(budget);
    this.hasLeft = cpu.depth < depth;
    return budget - cpu.executed;
  }

  /** As the step of its call. */
  private helper(number: number): (slot: number) => unknown {
    const { run, answer } = machineHelpers.get(number)!;
    if (answer) {
      return (slot) => {
        const { cpu } = this;
        cpu.slot = slot;
        cpu.countCall(number);
        return answer(cpu);
      };
    }
    return (slot) => {
      const { cpu } = this;
      cpu.slot = slot;
      cpu.countCall(number);
      run(cpu);
    };
  }

  private step(slot: number): number {
    const { cpu } = this;
    cpu.slot = slot;
    const next = cpu.program.steps[slot]!(cpu);
    if (next === SWITCHED) this.isSwitched = true;
    return next;
  }

  private call(slot: number): void {
    this.step(slot);
    this.noteStack();
  }

  private leave(): void {
    if (!this.hasLeft) this.cpu.exit();
    this.hasLeft = false;
    this.isSwitched = false;
    this.noteStack();
  }

  private noteStack(): void {
    this.heap.stackPlace[0] = this.cpu.stackBytes.byteOffset;
  }
}
