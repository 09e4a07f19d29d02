/**
 * Which block every path from the entry goes through before another, in almost linear time also
 * where hundreds of paths meet: Georgiadis, Linear-Time Algorithms for Dominators and Related
 * Problems, 2005, the algorithm SNCA.
 */
import { type Walk, walkDepthFirst } from './depth-first.ts';
import type { Block, IrFunction } from './ir.ts';

const none: readonly Block[] = [];

/** For each reachable block the blocks that dominate it. */
export class DominatorTree {
  /** Reachable blocks, each after those that dominate it. */
  readonly order: readonly Block[];
  /** By block id; `undefined` for a block that cannot be reached. */
  private readonly parents: (Block | undefined)[];
  /** By block id; `undefined` for a block that is no other's closest dominator. */
  private readonly kids: (Block[] | undefined)[];
  /** When a walk of the tree comes to a block and when it leaves it, by block id. */
  private readonly entered: Int32Array;
  private readonly left: Int32Array;

  constructor(made: IrFunction) {
    const { blockLimit } = made;
    const walk = walkDepthFirst(made);
    this.order = [...walk.postorder].reverse();
    this.parents = new Array<Block | undefined>(blockLimit).fill(undefined);
    this.kids = new Array<Block[] | undefined>(blockLimit).fill(undefined);
    this.entered = new Int32Array(blockLimit);
    this.left = new Int32Array(blockLimit);
    this.findParents(walk);
    this.addKids();
    this.number(made);
  }

  isReachable(block: Block): boolean {
    return this.parents[block.id] !== undefined;
  }

  /** The blocks whose closest dominator is `block`. */
  children(block: Block): readonly Block[] {
    return this.kids[block.id] ?? none;
  }

  /** Whether `above` is `below` or on every path to it. Both must be reachable. */
  dominates(above: Block, below: Block): boolean {
    const { entered, left } = this;
    return entered[above.id]! <= entered[below.id]! && left[below.id]! <= left[above.id]!;
  }

  private findParents({ preorder, numbers, origins }: Walk): void {
    const semidominators = new Semidominators(origins);
    for (let number = preorder.length - 1; number > 0; number--) {
      semidominators.add(origins[number]!, number);
      preorder[number]!.predecessors.forEach((before) => {
        if (numbers[before.id] !== -1) semidominators.add(numbers[before.id]!, number);
      });
    }
    const dominators = origins.slice();
    for (let number = 1; number < preorder.length; number++) {
      let above = dominators[number]!;
      while (above > semidominators.of(number)) above = dominators[above]!;
      dominators[number] = above;
    }
    preorder.forEach((block, number) => {
      this.parents[block.id] = preorder[dominators[number]!]!;
    });
  }

  private addKids(): void {
    for (const block of this.order) {
      const parent = this.parents[block.id]!;
      if (parent === block) continue;
      const known = this.kids[parent.id];
      if (known) known.push(block);
      else this.kids[parent.id] = [block];
    }
  }

  private number(made: IrFunction): void {
    let clock = 0;
    const [entry] = made.blocks;
    /** How many of its children the walk has been to, by block id. */
    const visited = new Int32Array(made.blockLimit);
    const path = [entry!];
    this.entered[entry!.id] = clock++;
    while (path.length > 0) {
      const block = path[path.length - 1]!;
      const child = this.kids[block.id]?.[visited[block.id]!++];
      if (child) {
        this.entered[child.id] = clock++;
        path.push(child);
      } else {
        this.left[block.id] = clock++;
        path.pop();
      }
    }
  }
}

/**
 * For blocks by their numbers in a walk: the lowest from which some path leads to the block through
 * higher numbers only. To be told of the edges, those to higher numbers first.
 */
class Semidominators {
  /** Of a block whose edges were not told yet: the block itself. */
  private readonly lowest: Int32Array;
  /** Where to look on from a block for lower ones: at first where the walk came from. */
  private readonly next: Int32Array;
  /** The block with the lowest semidominator that was passed on the way to `next`. */
  private readonly best: Int32Array;
  private readonly passed: number[] = [];

  constructor(origins: Int32Array) {
    this.lowest = origins.map((_, number) => number);
    this.next = origins.slice();
    this.best = this.lowest.slice();
  }

  of(number: number): number {
    return this.lowest[number]!;
  }

  add(from: number, to: number): void {
    const found = this.lowest[this.bestOf(from, to)]!;
    if (found < this.lowest[to]!) this.lowest[to] = found;
  }

  /** Shortens the way that it goes, so that all of them together stay almost linear. */
  private bestOf(from: number, limit: number): number {
    const { lowest, next, best, passed } = this;
    let number = from;
    while (next[number]! > limit) {
      passed.push(number);
      number = next[number]!;
    }
    while (passed.length > 0) {
      const below = passed.pop()!;
      if (lowest[best[number]!]! < lowest[best[below]!]!) best[below] = best[number]!;
      next[below] = next[number]!;
      number = below;
    }
    return best[number]!;
  }
}
