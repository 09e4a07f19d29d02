/** What holds at one place of a program, on all ways that lead there. */
import { isSame, joined, scalar, unknown, unread, type Value } from './value.ts';

const REGISTERS = 11;
const LOST_BY_CALLS = [1, 2, 3, 4, 5];

/** Changed in place while instructions are gone through; copied where ways part. */
export class State {
  registers: Value[] = new Array<Value>(REGISTERS).fill(unread);
  /** What was spilled with 8 bytes, by its offset from the end of the frame. */
  spills = new Map<number, Value>();
  /** Bytes of the packet that are there from a packet pointer of an id on. */
  ranges = new Map<number, number>();
  /** Records that are reserved on all ways, by the slot of the call. */
  references = new Set<number>();
  /** False where the kernel may know that no way leads: what it never sees it never refuses. */
  isReached = true;

  copy(): State {
    const made = new State();
    made.registers = [...this.registers];
    made.spills = new Map(this.spills);
    made.ranges = new Map(this.ranges);
    made.references = new Set(this.references);
    made.isReached = this.isReached;
    return made;
  }

  /** Lets `other` be true as well; false when it was already. */
  include(other: State): boolean {
    let isChanged = other.isReached && !this.isReached;
    this.isReached ||= other.isReached;
    const put = (old: Value, value: Value, store: (value: Value) => void): void => {
      const next = joined(old, value);
      if (isSame(next, old)) return;
      store(next);
      isChanged = true;
    };
    this.registers.forEach((old, number) => {
      put(old, other.registers[number]!, (value) => {
        this.registers[number] = value;
      });
    });
    for (const [offset, old] of this.spills) {
      put(old, other.spills.get(offset) ?? unknown, (value) => this.spills.set(offset, value));
    }
    for (const [id, range] of other.ranges) {
      if (range <= (this.ranges.get(id) ?? 0)) continue;
      this.ranges.set(id, range);
      isChanged = true;
    }
    for (const id of this.references) {
      if (!other.references.has(id) && this.references.delete(id)) isChanged = true;
    }
    return isChanged;
  }

  /** Replaces values, in registers and spilled. */
  replace(change: (value: Value) => Value): void {
    this.registers = this.registers.map(change);
    for (const [offset, value] of this.spills) this.spills.set(offset, change(value));
  }

  /** A value is made anew: what an instruction made when it was executed before is not it. */
  forget(id: number): void {
    this.replace((value) => ('id' in value && value.id === id ? unknown : value));
    this.ranges.delete(id);
  }

  /** What all calls do. */
  loseArguments(): void {
    for (const number of LOST_BY_CALLS) this.registers[number] = unread;
  }

  /** Packet pointers are numbers from now on. */
  movePacket(becomes: Value = scalar): void {
    this.replace((value) => (value.kind.startsWith('packet') ? becomes : value));
    this.ranges.clear();
  }

  /** The pointer was compared with 0. */
  settle(id: number, isNull: boolean): void {
    this.replace((value) => {
      if (!('mayBeNull' in value) || value.id !== id) return value;
      return isNull ? { kind: 'scalar', value: 0n } : { ...value, mayBeNull: false };
    });
    if (isNull) this.references.delete(id);
  }

  /** What a helper gave is given back: all pointers to it are numbers from now on. */
  release(id: number): void {
    this.replace((value) => ('id' in value && value.id === id ? scalar : value));
    this.references.delete(id);
  }

  /** Bytes from a packet pointer on are there. */
  widen(id: number, bytes: number): void {
    this.ranges.set(id, Math.max(this.ranges.get(id) ?? 0, bytes));
  }
}
