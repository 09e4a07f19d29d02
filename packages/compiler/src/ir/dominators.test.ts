import assert from 'node:assert/strict';
import test from 'node:test';
import { Random } from '../fuzz/random.ts';
import { DominatorTree } from './dominators.ts';
import { type Block, IrFunction, successors } from './ir.ts';

/** Blocks that end in a jump, a branch or a return at random; some cannot be reached. */
function randomGraph(random: Random): IrFunction {
  const made = new IrFunction('f', null);
  const count = 2 + random.below(14);
  for (let index = 0; index < count; index++) made.makeBlock();
  const value = made.makeConstant(0, 64);
  const target = (): Block => made.blocks[1 + random.below(count - 1)]!;
  for (const block of made.blocks) {
    const [ifTrue, ifFalse] = [target(), target()];
    const end = { comparison: 'eq', left: value, right: value, width: 64, position: null } as const;
    if (random.below(8) === 0) block.terminator = { kind: 'return', value, position: null };
    else if (ifTrue === ifFalse) block.terminator = { kind: 'jump', to: ifTrue };
    else block.terminator = { kind: 'branch', ...end, ifTrue, ifFalse };
    for (const next of successors(block)) next.predecessors.push(block);
  }
  return made;
}

/** The blocks that can be reached without going through `without`. */
function reachable(made: IrFunction, without: Block | null): Set<Block> {
  const found = new Set<Block>(made.blocks[0] === without ? [] : [made.blocks[0]!]);
  for (const block of found) {
    for (const next of successors(block)) if (next !== without) found.add(next);
  }
  return found;
}

test('what dominates is what every path goes through, in 400 random graphs', () => {
  for (let seed = 1; seed <= 400; seed++) {
    const made = randomGraph(new Random(seed));
    const tree = new DominatorTree(made);
    const all = reachable(made, null);
    for (const block of made.blocks) assert.equal(tree.isReachable(block), all.has(block));
    for (const above of all) {
      const left = reachable(made, above);
      for (const below of all) {
        const want = above === below || !left.has(below);
        const found = tree.dominates(above, below);
        assert.equal(found, want, `seed ${seed}: ${above.id} above ${below.id}`);
      }
    }
  }
});
