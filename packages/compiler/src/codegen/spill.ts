/**
 * Moves registers to the stack: each run of neighbouring instructions that name one works on a
 * temporary copy, fetched before the run if it is read and put back after it if it was written.
 */
import {
  definesDestination,
  FRAME_POINTER,
  type FrameObject,
  type MachineBlock,
  type MachineFunction,
  MachineInstruction,
  usesDestination,
} from './machine.ts';

interface Copy {
  readonly temporary: number;
  readonly home: FrameObject;
  isDirty: boolean;
}

/** Rewrites a function, round after round, so that fewer registers are needed. */
export class Spiller {
  private readonly temporaries = new Set<number>();
  private homes = new Map<number, FrameObject>();
  private homeCount = 0;

  constructor(private readonly made: MachineFunction) {}

  /** A copy that lives for a few instructions: it must find a register. */
  isTemporary(register: number): boolean {
    return this.temporaries.has(register);
  }

  /** Registers of one group never live at the same time: they share a home. */
  spill(groups: readonly (readonly number[])[]): void {
    this.homes = new Map();
    for (const group of groups) {
      const name = `spill ${this.homeCount++}`;
      const home = { name, size: 8, isSpill: true, offset: 0 };
      for (const register of group) this.homes.set(register, home);
    }
    for (const block of this.made.blocks) this.rewrite(block);
  }

  private rewrite(block: MachineBlock): void {
    const before = block.instructions;
    const open = new Map<number, Copy>();
    const after: MachineInstruction[] = [];
    before.forEach((each, index) => {
      this.close(open, after, each);
      if (each.operation !== 'move' || !this.rewriteMove(each, open, after, before[index + 1])) {
        this.rewriteUses(each, open, after);
      }
    });
    block.instructions = after;
  }

  /** Puts back the copies that `next` does not name; all of them where `next` leaves the block. */
  private close(
    open: Map<number, Copy>,
    after: MachineInstruction[],
    next: MachineInstruction,
  ): void {
    for (const [register, copy] of open) {
      const isNamed = next.destination === register || next.source === register;
      if (isNamed && !leaves(next)) continue;
      if (copy.isDirty) after.push(store(copy.home, copy.temporary, next));
      copy.isDirty = false;
      if (!isNamed) open.delete(register);
    }
  }

  /** A home that gets a new value makes the copies of all others who share it worthless. */
  private forgetOthers(open: Map<number, Copy>, home: FrameObject, register: number): void {
    for (const [other, copy] of open) {
      if (copy.home === home && other !== register) open.delete(other);
    }
  }

  /** A move from or to the stack is one instruction. Whether it could be done so. */
  private rewriteMove(
    each: MachineInstruction,
    open: Map<number, Copy>,
    after: MachineInstruction[],
    next: MachineInstruction | undefined,
  ): boolean {
    const { destination, source } = each;
    const to = this.homes.get(destination);
    const from = this.homes.get(source);
    if (to && to === from && !open.has(source)) {
      open.delete(destination);
      return true;
    }
    if (from && !to && !open.has(source)) {
      after.push(load(from, destination, each));
      return true;
    }
    const isUsedNext = next && (next.destination === destination || next.source === destination);
    if (!to || from || isUsedNext || source === FRAME_POINTER) return false;
    open.delete(destination);
    this.forgetOthers(open, to, destination);
    after.push(store(to, source, each));
    return true;
  }

  private rewriteUses(
    each: MachineInstruction,
    open: Map<number, Copy>,
    after: MachineInstruction[],
  ): void {
    const { source, destination } = each;
    const from = this.homes.get(source);
    if (from) each.source = this.fetch(source, from, open, after, each, true).temporary;
    const to = this.homes.get(destination);
    if (to) {
      const copy = this.fetch(destination, to, open, after, each, usesDestination(each));
      each.destination = copy.temporary;
      if (definesDestination(each)) {
        copy.isDirty = true;
        this.forgetOthers(open, to, destination);
      }
    }
    after.push(each);
  }

  private fetch(
    register: number,
    home: FrameObject,
    open: Map<number, Copy>,
    after: MachineInstruction[],
    each: MachineInstruction,
    isRead: boolean,
  ): Copy {
    const known = open.get(register);
    if (known) return known;
    const copy = { temporary: this.made.registerCount++, home, isDirty: false };
    this.temporaries.add(copy.temporary);
    open.set(register, copy);
    if (isRead) after.push(load(home, copy.temporary, each));
    return copy;
  }
}

function load(home: FrameObject, register: number, near: MachineInstruction): MachineInstruction {
  const made = new MachineInstruction('load', near.position);
  made.destination = register;
  made.source = FRAME_POINTER;
  made.frame = home;
  return made;
}

/** Whether control may leave the block there, so that nothing can be put back afterwards. */
function leaves(instruction: MachineInstruction): boolean {
  return instruction.target !== null || instruction.operation === 'exit';
}

function store(home: FrameObject, register: number, near: MachineInstruction): MachineInstruction {
  const made = new MachineInstruction('store', near.position);
  made.destination = FRAME_POINTER;
  made.source = register;
  made.frame = home;
  return made;
}
