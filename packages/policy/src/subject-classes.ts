/**
 * Subjects that the same rule sets select are one class: they share tables, groups and code. When a
 * rule set starts or ceases to select all subjects of a class, the class changes in place; when it
 * is about some of them, those move to another class.
 */

import {
  type Contribution,
  contributionsOf,
  namedEgress,
  type PortNames,
} from './contributions.ts';
import type { DecisionTable, Direction } from './decision-table.ts';
import type { GroupRegistry, UnionEdit, UnionRegistry } from './groups.ts';
import type { Membership } from './membership.ts';
import type { NamedPort, Rule, RuleSet, Subject } from './model.ts';
import type { Group, Member, Slot } from './parts.ts';
import { namedPortKey } from './peer-selectors.ts';
import { PortPlan } from './port-plan.ts';

/** A rule set of a document that is in the policy set. */
export class RuleSetEntry {
  readonly classes = new Set<SubjectClass>();

  constructor(
    readonly ruleSet: RuleSet,
    /** Counts the entries ever made. */
    readonly serial: number,
  ) {}
}

/** A subject that was given to the policy set. */
export class SubjectEntry {
  /** Set as soon as the subject is placed. */
  subjectClass!: SubjectClass;
  /** The table that was last told to the outside. */
  table: DecisionTable | undefined;

  constructor(
    readonly key: string,
    readonly subject: Subject,
  ) {}
}

/** See the head of this file. */
export class SubjectClass {
  readonly ruleSets = new Set<RuleSetEntry>();
  readonly subjects = new Set<SubjectEntry>();
  /** Sum over the serials of the rule sets; equal rule sets, equal sums. */
  hash = 0;

  constructor(
    readonly namedPorts: readonly NamedPort[],
    readonly namedPortsKey: string,
    readonly plans: Readonly<Record<Direction, PortPlan>>,
  ) {}
}

/** What rule sets a subject gains and loses. */
export interface Move {
  readonly added: Set<RuleSetEntry>;
  readonly removed: Set<RuleSetEntry>;
}

/** All classes; collects the edits of one update, then carries them out. */
export class SubjectClasses {
  readonly #membership: Membership;
  readonly #unions: UnionRegistry;
  readonly #groups: GroupRegistry;
  readonly #names: PortNames;
  readonly #implicit: readonly Rule[];
  readonly #byKey = new Map<string, Set<SubjectClass>>();
  readonly #edits = new Map<Slot, UnionEdit>();
  readonly #members = new Set<Member>();
  readonly #changed = new Set<PortPlan>();
  readonly #changedClasses = new Set<SubjectClass>();
  readonly #moved = new Set<SubjectEntry>();
  readonly #released: Group[] = [];

  constructor(
    stores: { membership: Membership; unions: UnionRegistry; groups: GroupRegistry },
    names: PortNames,
    /** Rules that are in force for every subject. */
    implicit: readonly Rule[],
  ) {
    this.#membership = stores.membership;
    this.#unions = stores.unions;
    this.#groups = stores.groups;
    this.#names = names;
    this.#implicit = implicit;
  }

  /** Puts a new subject in the class of its rule sets. */
  enter(entry: SubjectEntry, ruleSets: ReadonlySet<RuleSetEntry>): void {
    const namedPorts = entry.subject.namedPorts ?? [];
    const namedPortsKey = namedPorts.map(namedPortKey).sort().join();
    const hash = [...ruleSets].reduce((sum, { serial }) => addSerial(sum, serial, 1), 0);
    const wanted = {
      base: ruleSets,
      added: new Set<RuleSetEntry>(),
      removed: new Set<RuleSetEntry>(),
    };
    let target = this.#find(hash, wanted, namedPortsKey);
    if (!target) {
      const plans = { ingress: new PortPlan(), egress: new PortPlan() };
      target = new SubjectClass(namedPorts, namedPortsKey, plans);
      for (const plan of Object.values(plans)) this.#changed.add(plan);
      for (const rule of this.#implicit) this.#edit(target, rule, 1);
      this.#file(target);
      this.#change(target, { added: new Set(ruleSets), removed: new Set() });
    }
    this.#put(entry, target);
  }

  /** Takes a subject out. */
  leave(entry: SubjectEntry): void {
    this.#take(entry);
    this.#moved.delete(entry);
    this.#dropIfEmpty(entry.subjectClass);
  }

  /** Carries out moves; subjects that make the same move from the same class go together. */
  move(moves: ReadonlyMap<SubjectEntry, Move>): void {
    const bundles = new Map<string, { move: Move; entries: SubjectEntry[] }>();
    const classNumbers = new Map<SubjectClass, number>();
    for (const [entry, move] of moves) {
      const number = classNumbers.get(entry.subjectClass) ?? classNumbers.size;
      classNumbers.set(entry.subjectClass, number);
      const key = `${number} +${serialsOf(move.added)} -${serialsOf(move.removed)}`;
      const bundle = bundles.get(key) ?? { move, entries: [] };
      bundle.entries.push(entry);
      bundles.set(key, bundle);
    }
    for (const { move, entries } of bundles.values()) this.#moveTogether(move, entries);
  }

  /** A port's name got a number among the peers that it had not, or lost one. */
  renamePorts(entries: Iterable<RuleSetEntry>, named: NamedPort, difference: 1 | -1): void {
    for (const entry of entries) {
      for (const subjectClass of entry.classes) {
        for (const rule of entry.ruleSet.rules) {
          for (const contribution of namedEgress(rule, named)) {
            this.#editSlot(subjectClass, contribution, difference);
          }
        }
      }
    }
  }

  /**
   * Ends the update: unions, then groups and tables, then what nobody uses any more.
   *
   * @returns the subjects whose table may be another one now.
   */
  settle(): Set<SubjectEntry> {
    this.#applyEdits();
    for (const plan of this.#changed) this.#released.push(...plan.settle(this.#groups));
    for (const group of this.#released) this.#groups.release(group);
    this.#unions.sweep(this.#members);
    this.#released.length = 0;
    this.#members.clear();
    this.#changed.clear();
    const subjects = new Set(this.#moved);
    for (const { subjects: some } of this.#changedClasses) {
      for (const entry of some) subjects.add(entry);
    }
    this.#moved.clear();
    this.#changedClasses.clear();
    return subjects;
  }

  #moveTogether(move: Move, entries: readonly SubjectEntry[]): void {
    const from = entries[0]!.subjectClass;
    const wanted = { base: from.ruleSets, ...move };
    const known = this.#find(hashAfter(from.hash, move), wanted, from.namedPortsKey);
    if (!known && entries.length === from.subjects.size) {
      this.#change(from, move);
      return;
    }
    const target = known ?? this.#derive(from, move);
    for (const entry of entries) {
      this.#take(entry);
      this.#put(entry, target);
    }
    this.#dropIfEmpty(from);
  }

  #derive(from: SubjectClass, move: Move): SubjectClass {
    this.#settlePlans(from);
    const plans = {
      ingress: from.plans.ingress.clone(this.#groups),
      egress: from.plans.egress.clone(this.#groups),
    };
    const derived = new SubjectClass(from.namedPorts, from.namedPortsKey, plans);
    derived.hash = from.hash;
    for (const ruleSet of from.ruleSets) {
      derived.ruleSets.add(ruleSet);
      ruleSet.classes.add(derived);
    }
    this.#file(derived);
    this.#change(derived, move);
    return derived;
  }

  /** The plans that own the edited slots are among `#changed` already. */
  #applyEdits(): void {
    for (const slot of this.#unions.apply(this.#edits)) slot.plan.slotChanged(slot);
    this.#edits.clear();
  }

  /** Only plans without open edits can be cloned. */
  #settlePlans(subjectClass: SubjectClass): void {
    const { ingress, egress } = subjectClass.plans;
    const hasOpenEdits = [...this.#edits.keys()].some(
      ({ plan }) => plan === ingress || plan === egress,
    );
    if (hasOpenEdits || this.#changed.has(ingress) || this.#changed.has(egress)) {
      this.#applyEdits();
      for (const plan of [ingress, egress]) this.#released.push(...plan.settle(this.#groups));
    }
  }

  #change(subjectClass: SubjectClass, move: Move): void {
    this.#unfile(subjectClass);
    for (const ruleSet of move.removed) this.#count(subjectClass, ruleSet, -1);
    for (const ruleSet of move.added) this.#count(subjectClass, ruleSet, 1);
    this.#file(subjectClass);
  }

  #count(subjectClass: SubjectClass, entry: RuleSetEntry, difference: 1 | -1): void {
    const { ruleSet } = entry;
    subjectClass.hash = addSerial(subjectClass.hash, entry.serial, difference);
    if (difference === 1) {
      subjectClass.ruleSets.add(entry);
      entry.classes.add(subjectClass);
    } else {
      subjectClass.ruleSets.delete(entry);
      entry.classes.delete(subjectClass);
    }
    if (ruleSet.isIngressDefaultDeny) this.#enforce(subjectClass, 'ingress', difference);
    if (ruleSet.isEgressDefaultDeny) this.#enforce(subjectClass, 'egress', difference);
    for (const rule of ruleSet.rules) this.#edit(subjectClass, rule, difference);
  }

  #enforce(subjectClass: SubjectClass, direction: Direction, difference: 1 | -1): void {
    const plan = subjectClass.plans[direction];
    plan.countEnforcer(difference);
    this.#changed.add(plan);
    this.#changedClasses.add(subjectClass);
  }

  #edit(subjectClass: SubjectClass, rule: Rule, difference: 1 | -1): void {
    const contributions = contributionsOf(rule, subjectClass.namedPorts, this.#names);
    for (const contribution of contributions) {
      this.#editSlot(subjectClass, contribution, difference);
    }
  }

  #editSlot(subjectClass: SubjectClass, contribution: Contribution, difference: 1 | -1): void {
    const plan = subjectClass.plans[contribution.direction];
    const slot = plan.slot(contribution.action, contribution.range, this.#unions);
    const member = this.#membership.intern(contribution.selector);
    const edit: UnionEdit = this.#edits.get(slot) ?? new Map();
    edit.set(member, (edit.get(member) ?? 0) + difference);
    this.#edits.set(slot, edit);
    this.#members.add(member);
    this.#changed.add(plan);
    this.#changedClasses.add(subjectClass);
  }

  #put(entry: SubjectEntry, target: SubjectClass): void {
    entry.subjectClass = target;
    target.subjects.add(entry);
    this.#moved.add(entry);
  }

  #take(entry: SubjectEntry): void {
    entry.subjectClass.subjects.delete(entry);
  }

  #dropIfEmpty(subjectClass: SubjectClass): void {
    if (subjectClass.subjects.size > 0) return;
    this.#unfile(subjectClass);
    for (const ruleSet of subjectClass.ruleSets) ruleSet.classes.delete(subjectClass);
    for (const plan of Object.values(subjectClass.plans)) {
      for (const slot of plan.slots()) this.#edits.delete(slot);
      this.#changed.delete(plan);
      this.#released.push(...plan.dispose(this.#unions));
    }
  }

  /** The class of the rule sets that `base` becomes by a move. */
  #find(
    hash: number,
    wanted: Move & { base: ReadonlySet<RuleSetEntry> },
    namedPortsKey: string,
  ): SubjectClass | undefined {
    const { base, added, removed } = wanted;
    for (const candidate of this.#byKey.get(`${hash} ${namedPortsKey}`) ?? []) {
      const has = (entry: RuleSetEntry) => candidate.ruleSets.has(entry);
      if (candidate.ruleSets.size !== base.size + added.size - removed.size) continue;
      if (![...added].every(has)) continue;
      if ([...base].every((entry) => removed.has(entry) || has(entry))) return candidate;
    }
    return undefined;
  }

  #file(subjectClass: SubjectClass): void {
    const key = keyOf(subjectClass);
    this.#byKey.set(key, (this.#byKey.get(key) ?? new Set()).add(subjectClass));
  }

  #unfile(subjectClass: SubjectClass): void {
    const key = keyOf(subjectClass);
    const classes = this.#byKey.get(key);
    classes?.delete(subjectClass);
    if (classes?.size === 0) this.#byKey.delete(key);
  }
}

function keyOf({ hash, namedPortsKey }: SubjectClass): string {
  return `${hash} ${namedPortsKey}`;
}

function hashAfter(hash: number, move: Move): number {
  let after = hash;
  for (const { serial } of move.removed) after = addSerial(after, serial, -1);
  for (const { serial } of move.added) after = addSerial(after, serial, 1);
  return after;
}

function addSerial(hash: number, serial: number, difference: 1 | -1): number {
  return (hash + difference * Math.imul(serial + 1, 0x9e3779b1)) >>> 0;
}

function serialsOf(entries: ReadonlySet<RuleSetEntry>): string {
  return [...entries]
    .map(({ serial }) => serial)
    .sort((a, b) => a - b)
    .join();
}
