/**
 * WebAssembly has no jumps, only ways out of blocks and back to the start of loops: this finds the
 * blocks and loops that a function's jumps can be written with.
 *
 * A block of the graph is written where its dominator ends. When several ways lead to it, it
 * follows a WebAssembly block, out of which they branch; when a jump leads back to it, it begins a
 * loop. Graphs whose loops have several entries are written as one loop around a table of blocks.
 *
 * @source Ramsey: Beyond Relooper (ICFP 2022)
 */
import { type CodeWriter, Wasm } from './code-writer.ts';
import type { Block, FlowGraph } from '../../flow/flow-graph.ts';
import { local } from './layout.ts';

/** Beyond that, the nesting could be too deep for JavaScript's own stack. */
const NESTED_BLOCKS_MAX = 2000;

/** Writes one function. */
export class Structure {
  private readonly labels = new Map<Block, number>();
  private readonly loops = new Map<Block, number>();
  private readonly children = new Map<Block, Block[]>();

  constructor(
    private readonly code: CodeWriter,
    private readonly graph: FlowGraph,
    /** Writes the instructions of a block; a conditional jump leaves its condition on the stack. */
    private readonly content: (block: Block) => void,
  ) {}

  write(): void {
    const { blocks, isReducible } = this.graph;
    if (!isReducible || blocks.length > NESTED_BLOCKS_MAX) return this.table();
    for (const block of blocks) {
      if (!block.dominator) continue;
      const siblings = this.children.get(block.dominator);
      if (siblings) siblings.push(block);
      else this.children.set(block.dominator, [block]);
    }
    this.tree(blocks[0]!);
  }

  private tree(block: Block): void {
    const isLoop = block.from.some((from) => from.index >= block.index);
    if (isLoop) {
      this.loops.set(block, this.code.depth);
      this.code.loop();
    }
    const merging = (this.children.get(block) ?? []).filter(isMerge);
    this.within(block, merging.reverse());
    if (isLoop) this.code.end();
  }

  /** `after`: what follows the block, the last one first. */
  private within(block: Block, after: readonly Block[]): void {
    const [last, ...others] = after;
    if (!last) return this.withJumps(block);
    this.labels.set(last, this.code.depth);
    this.code.block();
    this.within(block, others);
    this.code.end();
    this.tree(last);
  }

  private withJumps(block: Block): void {
    const { code } = this;
    const { next, target } = block;
    this.content(block);
    if (next && target) {
      code.if();
      this.jump(block, target);
      code.put(Wasm.else);
      this.jump(block, next);
      code.end();
      code.put(Wasm.unreachable);
    } else if (next ?? target) {
      this.jump(block, (next ?? target)!);
    }
  }

  private jump(from: Block, to: Block): void {
    if (to.index <= from.index) this.code.branch(this.loops.get(to)!);
    else if (isMerge(to)) this.code.branch(this.labels.get(to)!);
    else this.tree(to);
  }

  /** A variable says which block is next. */
  private table(): void {
    const { code } = this;
    const { blocks } = this.graph;
    const loop = code.depth;
    code.loop();
    const first = code.depth;
    for (const _ of blocks) code.block();
    code.get(local.slot);
    // The block opened last ends first: right behind it stands block 0.
    code.branchTable(blocks.map((_, index) => first + blocks.length - 1 - index));
    for (const block of blocks) {
      code.end();
      this.content(block);
      this.choose(block);
      code.branch(loop);
    }
    code.end();
  }

  private choose({ next, target }: Block): void {
    const { code } = this;
    if (next && target) {
      // The condition is on the stack.
      code.set(local.word);
      code.i32(target.index);
      code.i32(next.index);
      code.get(local.word);
      code.put(Wasm.select);
    } else {
      code.i32((next ?? target)?.index ?? 0);
    }
    code.set(local.slot);
  }
}

/** Whether several ways lead here, other than back. */
function isMerge(block: Block): boolean {
  const ahead = block.from.filter((from) => from.index < block.index);
  return ahead.length > 1;
}
