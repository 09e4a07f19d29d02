/**
 * Two indexes that keep the cost of a change near the number of things it is about: from labels to
 * the selectors that match them, and from a selector to the labelled things that it matches.
 */

import {
  type Labels,
  type LabelSelector,
  NAMESPACE_KEY,
  type Requirement,
  selectorMatches,
} from './labels.ts';

/** Items filed by selector. */
export class SelectorIndex<T> {
  /** Each selector stands under the terms of its rarest requirement only. */
  readonly #byTerm = new Map<string, Map<T, LabelSelector>>();

  /** Files an item under its selector; an item has one selector. */
  add(selector: LabelSelector, item: T): void {
    for (const term of anchorTerms(selector)) {
      const items = this.#byTerm.get(term) ?? new Map<T, LabelSelector>();
      this.#byTerm.set(term, items.set(item, selector));
    }
  }

  /** Removes an item that was filed under this selector. */
  delete(selector: LabelSelector, item: T): void {
    for (const term of anchorTerms(selector)) {
      const items = this.#byTerm.get(term);
      items?.delete(item);
      if (items?.size === 0) this.#byTerm.delete(term);
    }
  }

  /** Items whose selector matches. */
  match(labels: Labels): Set<T> {
    const found = new Set<T>();
    for (const term of ['', ...termsOf(labels)]) {
      for (const [item, selector] of this.#byTerm.get(term) ?? []) {
        if (!found.has(item) && selectorMatches(selector, labels)) found.add(item);
      }
    }
    return found;
  }
}

/** Items filed by their labels. */
export class LabelIndex<T> {
  readonly #items = new Map<T, Labels>();
  readonly #byTerm = new Map<string, Set<T>>();

  /** Files an item under its labels, once. */
  add(labels: Labels, item: T): void {
    this.#items.set(item, labels);
    for (const term of termsOf(labels)) {
      const items = this.#byTerm.get(term) ?? new Set<T>();
      this.#byTerm.set(term, items.add(item));
    }
  }

  /** Removes an item. */
  delete(item: T): void {
    for (const term of termsOf(this.#items.get(item)!)) {
      const items = this.#byTerm.get(term);
      items?.delete(item);
      if (items?.size === 0) this.#byTerm.delete(term);
    }
    this.#items.delete(item);
  }

  /** Every item. */
  all(): Iterable<T> {
    return this.#items.keys();
  }

  /** Items that the selector matches. */
  find(selector: LabelSelector): T[] {
    return [...this.#candidates(selector)].filter((item) =>
      selectorMatches(selector, this.#items.get(item)!),
    );
  }

  /** Of the requirements that demand a label, the items of the one that fewest have. */
  #candidates(selector: LabelSelector): Iterable<T> {
    let best: Set<T>[] | undefined;
    let bestSize = this.#items.size;
    for (const requirement of selector.requirements) {
      const terms = termsOfRequirement(requirement);
      if (!terms) continue;
      const sets = terms.flatMap((term) => this.#byTerm.get(term) ?? []);
      const size = sets.reduce((sum, set) => sum + set.size, 0);
      if (best && size >= bestSize) continue;
      best = sets;
      bestSize = size;
    }
    if (!best) return this.#items.keys();
    return best.length === 1 ? best[0]! : new Set(best.flatMap((set) => [...set]));
  }
}

/** What labels are filed under: each key, and each key with its value; sources are left out. */
function termsOf(labels: Labels): string[] {
  const terms = new Set<string>();
  for (const { key, value } of labels.list) terms.add(key).add(`${key}=${value}`);
  return [...terms];
}

/** Terms of which labels that meet the requirement have one; undefined where it forbids labels. */
function termsOfRequirement(requirement: Requirement): string[] | undefined {
  const { key, operator, values } = requirement;
  if (operator === 'In') return values.map((value) => `${key}=${value}`);
  return operator === 'Exists' ? [key] : undefined;
}

/** Values are rarer than keys, and anything is rarer than a namespace. */
function anchorTerms(selector: LabelSelector): string[] {
  const rank = ({ key, operator }: Requirement) => {
    if (operator === 'In') return key === NAMESPACE_KEY ? 1 : 0;
    return operator === 'Exists' ? 2 : 3;
  };
  const best = [...selector.requirements].sort((a, b) => rank(a) - rank(b))[0];
  return (best && termsOfRequirement(best)) ?? [''];
}
