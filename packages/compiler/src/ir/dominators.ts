/**
 * Which block every path from the entry goes through before another: Cooper, Harvey and Kennedy, A
 * Simple, Fast Dominance Algorithm.
 */
import { type Block, followerAt, type IrFunction } from './ir.ts';

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
    this.order = reversePostorder(made);
    this.parents = new Array<Block | undefined>(blockLimit).fill(undefined);
    this.kids = new Array<Block[] | undefined>(blockLimit).fill(undefined);
    this.entered = new Int32Array(blockLimit);
    this.left = new Int32Array(blockLimit);
    this.findParents(made);
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
    const [outer, inner] = [above.id, below.id];
    const { entered, left } = this;
    return entered[outer]! <= entered[inner]! && left[inner]! <= left[outer]!;
  }

  private findParents(made: IrFunction): void {
    const { order, parents } = this;
    const [entry] = order;
    const places = placesOf(order, made);
    const meet = (left: Block, right: Block): Block => {
      let [a, b] = [left, right];
      while (a !== b) {
        while (places[a.id]! > places[b.id]!) a = parents[a.id]!;
        while (places[b.id]! > places[a.id]!) b = parents[b.id]!;
      }
      return a;
    };
    parents[entry!.id] = entry;
    for (let isChanged = true; isChanged; ) {
      isChanged = false;
      for (const block of order) {
        if (block === entry) continue;
        let parent: Block | null = null;
        for (const before of block.predecessors) {
          if (parents[before.id]) parent = parent ? meet(parent, before) : before;
        }
        if (parents[block.id] === parent) continue;
        parents[block.id] = parent!;
        isChanged = true;
      }
    }
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
 * The blocks that can be reached, each after its predecessors but for those that loop back. Of the
 * two sides of a branch the true one comes first as far as that allows, or the other one where
 * `isFalseFirst` says so.
 */
export function reversePostorder(
  made: IrFunction,
  isFalseFirst: (block: Block) => boolean = () => false,
): Block[] {
  const entry = made.blocks[0]!;
  /** By block id: 0 for a block that was not come to, else one more than the followers walked. */
  const walked = new Uint8Array(made.blockLimit);
  walked[entry.id] = 1;
  const postorder: Block[] = [];
  const path = [entry];
  while (path.length > 0) {
    const block = path[path.length - 1]!;
    const turn = walked[block.id]!++;
    // The last one that is walked comes first.
    const follower = turn > 2 ? null : followerAt(block, isFalseFirst(block) ? turn - 1 : 2 - turn);
    if (follower && walked[follower.id] === 0) {
      walked[follower.id] = 1;
      path.push(follower);
    } else if (turn > 2) {
      postorder.push(path.pop()!);
    }
  }
  return postorder.reverse();
}

/** The place of each block in `order`, by block id; -1 for a block that is not in it. */
export function placesOf(order: readonly Block[], made: IrFunction): Int32Array {
  const places = new Int32Array(made.blockLimit).fill(-1);
  order.forEach((block, place) => {
    places[block.id] = place;
  });
  return places;
}
