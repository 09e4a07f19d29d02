/**
 * Values filed by prefix, to find those of all prefixes around one, or of all prefixes within it.
 * A binary radix tree: a node has a value or two children, so that its size follows the number of
 * prefixes, not their length.
 */

import type { Prefix } from '@skep/wire';
import { containsPrefix } from './prefixes.ts';

interface Node<T> {
  readonly prefix: Prefix;
  readonly values: Set<T>;
  readonly children: [Node<T> | undefined, Node<T> | undefined];
}

/** See above. Prefixes of the two families never meet. */
export class PrefixTree<T> {
  readonly #roots = new Map<4 | 6, Node<T>>();

  /** Files a value; the same value at the same prefix counts once. */
  add(prefix: Prefix, value: T): void {
    const family = prefix.address.family;
    const root = this.#roots.get(family);
    this.#roots.set(family, root ? insert(root, prefix, value) : leaf(prefix, value));
  }

  /** Removes a value from a prefix; nothing happens if it is not there. */
  delete(prefix: Prefix, value: T): void {
    const family = prefix.address.family;
    const root = this.#roots.get(family);
    if (!root) return;
    const left = remove(root, prefix, value);
    if (left) this.#roots.set(family, left);
    else this.#roots.delete(family);
  }

  /** Values at this prefix and at those that contain it, from the widest on. */
  *covering(prefix: Prefix): Generator<T> {
    let node = this.#roots.get(prefix.address.family);
    while (node && containsPrefix(node.prefix, prefix)) {
      yield* node.values;
      if (node.prefix.length === prefix.length) return;
      node = node.children[bitAt(prefix, node.prefix.length)];
    }
  }

  /** Values at this prefix and at those that it contains. */
  *within(prefix: Prefix): Generator<T> {
    let node = this.#roots.get(prefix.address.family);
    while (node && node.prefix.length < prefix.length) {
      if (!containsPrefix(node.prefix, prefix)) return;
      node = node.children[bitAt(prefix, node.prefix.length)];
    }
    if (node && containsPrefix(prefix, node.prefix)) yield* everything(node);
  }
}

function* everything<T>(node: Node<T>): Generator<T> {
  const open: Node<T>[] = [node];
  for (let next = open.pop(); next; next = open.pop()) {
    yield* next.values;
    for (const child of next.children) if (child) open.push(child);
  }
}

function leaf<T>(prefix: Prefix, value: T): Node<T> {
  return { prefix, values: new Set([value]), children: [undefined, undefined] };
}

/** The tree at `node` with the value in it; `node` itself unless a new node goes above it. */
function insert<T>(node: Node<T>, prefix: Prefix, value: T): Node<T> {
  const common = commonLength(node.prefix, prefix);
  if (common === node.prefix.length && common === prefix.length) {
    node.values.add(value);
    return node;
  }
  if (common === node.prefix.length) {
    const bit = bitAt(prefix, common);
    const child = node.children[bit];
    node.children[bit] = child ? insert(child, prefix, value) : leaf(prefix, value);
    return node;
  }
  if (common === prefix.length) {
    const parent = leaf(prefix, value);
    parent.children[bitAt(node.prefix, common)] = node;
    return parent;
  }
  const fork: Node<T> = {
    prefix: { address: prefix.address, length: common },
    values: new Set(),
    children: [undefined, undefined],
  };
  fork.children[bitAt(node.prefix, common)] = node;
  fork.children[bitAt(prefix, common)] = leaf(prefix, value);
  return fork;
}

/** The tree at `node` without the value; undefined when nothing is left of it. */
function remove<T>(node: Node<T>, prefix: Prefix, value: T): Node<T> | undefined {
  const common = commonLength(node.prefix, prefix);
  if (common < node.prefix.length) return node;
  if (prefix.length === node.prefix.length) {
    node.values.delete(value);
  } else {
    const bit = bitAt(prefix, common);
    const child = node.children[bit];
    if (child) node.children[bit] = remove(child, prefix, value);
  }
  const [zero, one] = node.children;
  return node.values.size > 0 || (zero && one) ? node : (zero ?? one);
}

function bitAt(prefix: Prefix, index: number): 0 | 1 {
  return ((prefix.address.bytes[index >> 3]! >> (7 - (index & 7))) & 1) as 0 | 1;
}

/** How many leading bits two prefixes of one family share. */
function commonLength(left: Prefix, right: Prefix): number {
  const limit = Math.min(left.length, right.length);
  for (let index = 0; index * 8 < limit; index++) {
    const difference = left.address.bytes[index]! ^ right.address.bytes[index]!;
    if (difference !== 0) return Math.min(limit, index * 8 + Math.clz32(difference) - 24);
  }
  return limit;
}
