/** A walk through a function's blocks, from the entry along each edge once, depth first. */
import { type Block, followerAt, type IrFunction } from './ir.ts';

/** What a walk came to. */
export interface Walk {
  /** The blocks in the order in which the walk came to them. */
  readonly preorder: readonly Block[];
  /** The place of each block in `preorder`, by block id; -1 for one that cannot be reached. */
  readonly numbers: Int32Array;
  /** From where the walk came to a block; both by their place in `preorder`. */
  readonly origins: Int32Array;
  /** Each block after those that the walk came to from it. */
  readonly postorder: readonly Block[];
}

/**
 * Of the two sides of a branch the false one is walked first, so that the true one comes first in
 * reverse postorder; or the other way round where `isFalseFirst` says so.
 */
export function walkDepthFirst(
  made: IrFunction,
  isFalseFirst: (block: Block) => boolean = () => false,
): Walk {
  const entry = made.blocks[0]!;
  const preorder = [entry];
  const postorder: Block[] = [];
  const numbers = new Int32Array(made.blockLimit).fill(-1);
  const origins = new Int32Array(made.blocks.length);
  /** How many followers of a block were walked, by block id. */
  const walked = new Uint8Array(made.blockLimit);
  numbers[entry.id] = 0;
  const path = [entry];
  while (path.length > 0) {
    const block = path[path.length - 1]!;
    const turn = walked[block.id]!++;
    const index = isFalseFirst(block) ? turn : 1 - turn;
    const follower = turn < 2 ? followerAt(block, index) : null;
    if (follower && numbers[follower.id] === -1) {
      numbers[follower.id] = preorder.length;
      origins[preorder.length] = numbers[block.id]!;
      preorder.push(follower);
      path.push(follower);
    } else if (turn >= 2) {
      postorder.push(path.pop()!);
    }
  }
  return { preorder, numbers, origins, postorder };
}

/**
 * The blocks that can be reached, each after its predecessors but for those that loop back. Of the
 * two sides of a branch the true one comes first as far as that allows, or the other one where
 * `isFalseFirst` says so.
 */
export function reversePostorder(
  made: IrFunction,
  isFalseFirst?: (block: Block) => boolean,
): Block[] {
  return [...walkDepthFirst(made, isFalseFirst).postorder].reverse();
}

/** The place of each block in `order`, by block id; -1 for a block that is not in it. */
export function placesOf(order: readonly Block[], made: IrFunction): Int32Array {
  const places = new Int32Array(made.blockLimit).fill(-1);
  order.forEach((block, place) => {
    places[block.id] = place;
  });
  return places;
}
