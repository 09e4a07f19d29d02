/**
 * Which block every path from the entry goes through before another: Cooper, Harvey and Kennedy, A
 * Simple, Fast Dominance Algorithm.
 */
import { type Block, type IrFunction, successors } from './ir.ts';

/** For each reachable block the blocks that dominate it. */
export class DominatorTree {
  /** Reachable blocks, each after those that dominate it. */
  readonly order: readonly Block[];
  private readonly parents = new Map<Block, Block>();
  private readonly kids = new Map<Block, Block[]>();
  /** When a walk of the tree comes to a block and when it leaves it. */
  private readonly spans = new Map<Block, [number, number]>();

  constructor(made: IrFunction) {
    this.order = reversePostorder(made);
    this.findParents(made.blocks[0]!);
    for (const block of this.order) this.kids.set(block, []);
    for (const [block, parent] of this.parents) {
      if (block !== parent) this.kids.get(parent)!.push(block);
    }
    this.number(made.blocks[0]!);
  }

  isReachable(block: Block): boolean {
    return this.parents.has(block);
  }

  /** The blocks whose closest dominator is `block`. */
  children(block: Block): readonly Block[] {
    return this.kids.get(block) ?? [];
  }

  /** Whether `above` is `below` or on every path to it. Both must be reachable. */
  dominates(above: Block, below: Block): boolean {
    const [outer, inner] = [this.spans.get(above), this.spans.get(below)];
    return !!outer && !!inner && outer[0] <= inner[0] && inner[1] <= outer[1];
  }

  private findParents(entry: Block): void {
    const numbers = new Map(this.order.map((block, index) => [block, index]));
    const meet = (left: Block, right: Block): Block => {
      let [a, b] = [left, right];
      while (a !== b) {
        while (numbers.get(a)! > numbers.get(b)!) a = this.parents.get(a)!;
        while (numbers.get(b)! > numbers.get(a)!) b = this.parents.get(b)!;
      }
      return a;
    };
    this.parents.set(entry, entry);
    for (let isChanged = true; isChanged; ) {
      isChanged = false;
      for (const block of this.order) {
        if (block === entry) continue;
        const known = block.predecessors.filter((each) => this.parents.has(each));
        const parent = known.reduce(meet);
        if (this.parents.get(block) === parent) continue;
        this.parents.set(block, parent);
        isChanged = true;
      }
    }
  }

  private number(entry: Block): void {
    let clock = 0;
    const path = [{ block: entry, next: 0 }];
    this.spans.set(entry, [clock++, 0]);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const child = this.kids.get(top.block)![top.next++];
      if (child) {
        this.spans.set(child, [clock++, 0]);
        path.push({ block: child, next: 0 });
      } else {
        this.spans.get(top.block)![1] = clock++;
        path.pop();
      }
    }
  }
}

/**
 * The blocks that can be reached, each after its predecessors but for those that loop back. Of the
 * blocks that `next` lists, the first comes first as far as that allows.
 */
export function reversePostorder(
  made: IrFunction,
  next: (block: Block) => Block[] = successors,
): Block[] {
  const entry = made.blocks[0]!;
  const seen = new Set<Block>([entry]);
  const postorder: Block[] = [];
  const path = [{ block: entry, left: next(entry) }];
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const follower = top.left.pop();
    if (!follower) {
      postorder.push(top.block);
      path.pop();
    } else if (!seen.has(follower)) {
      seen.add(follower);
      path.push({ block: follower, left: next(follower) });
    }
  }
  return postorder.reverse();
}
