/**
 * The ports of one direction of one subject, cut into cells in which the same rules apply, and the
 * table made of them. One more rule touches the cells that its ports cover.
 */

import {
  type DirectionTable,
  type GroupId,
  PolicyProtocol,
  type Segment,
} from './decision-table.ts';
import type { GroupRegistry, UnionRegistry } from './groups.ts';
import type { RuleAction } from './model.ts';
import type { Group, PeerUnion, PortRange, Slot, SlotOwner } from './parts.ts';

/** What a cell says about its peers: nothing, all of them, or those of a group. */
type Outcome = Group | 'all' | 'none';

interface Cell {
  readonly first: number;
  readonly last: number;
  readonly slots: Set<Slot>;
  deny: Outcome;
  allow: Outcome;
  safe: Outcome;
}

const SILENT = { deny: 'none', allow: 'none', safe: 'none' } as const;

const PORT_LAST = 65535;
const ICMP_TYPE_LAST = 255;

/** Protocols in the order of a table. */
const PROTOCOLS: readonly { protocol: PolicyProtocol; last: number }[] = [
  { protocol: PolicyProtocol.Other, last: 0 },
  { protocol: PolicyProtocol.Icmp, last: ICMP_TYPE_LAST },
  { protocol: PolicyProtocol.Tcp, last: PORT_LAST },
  { protocol: PolicyProtocol.Udp, last: PORT_LAST },
  { protocol: PolicyProtocol.Icmpv6, last: ICMP_TYPE_LAST },
  { protocol: PolicyProtocol.Sctp, last: PORT_LAST },
];

/** See the head of this file. */
export class PortPlan implements SlotOwner {
  readonly #slots = new Map<string, Slot>();
  readonly #cells = new Map<PolicyProtocol, Cell[]>();
  readonly #dirty = new Set<Cell>();
  /** How many rule sets ask for default deny. */
  #enforcerCount = 0;
  #table: DirectionTable = { isEnforced: false, segments: [] };

  constructor() {
    for (const { protocol, last } of PROTOCOLS) {
      const cell: Cell = { first: 0, last, slots: new Set(), ...SILENT };
      this.#cells.set(protocol, [cell]);
    }
  }

  /** As of the last `settle`. */
  get table(): DirectionTable {
    return this.#table;
  }

  /** Whether traffic that no rule matches is denied. */
  get isEnforced(): boolean {
    return this.#enforcerCount > 0;
  }

  /** One rule set more, or less, that asks for default deny. */
  countEnforcer(difference: 1 | -1): void {
    const wasEnforced = this.isEnforced;
    this.#enforcerCount += difference;
    if (wasEnforced === this.isEnforced) return;
    for (const cells of this.#cells.values()) for (const cell of cells) this.#dirty.add(cell);
  }

  /** Every slot. */
  slots(): Iterable<Slot> {
    return this.#slots.values();
  }

  /** The slot of an action and a range; made if there is none. */
  slot(action: RuleAction, range: PortRange, unions: UnionRegistry): Slot {
    const key = `${action} ${range.protocol} ${range.first}-${range.last}`;
    const known = this.#slots.get(key);
    if (known) return known;
    const slot: Slot = { plan: this, key, range, action, union: unions.empty };
    unions.empty.slots.add(slot);
    this.#insert(slot);
    return slot;
  }

  slotChanged(slot: Slot): void {
    for (const cell of this.#cellsOf(slot.range)) this.#dirty.add(cell);
  }

  /**
   * Groups for the cells that changed. Old groups are not released yet, so that a group that moves
   * from one cell to another keeps its bit.
   *
   * @returns the groups to release.
   */
  settle(groups: GroupRegistry): Group[] {
    const thinned = this.#dropEmptySlots();
    if (this.#dirty.size === 0) return [];
    const old: Group[] = [];
    for (const cell of this.#dirty) {
      old.push(...groupsOf(cell));
      cell.deny = outcomeOf(cell, 'deny', groups);
      const isMoot = cell.deny === 'all' || !this.isEnforced;
      cell.allow = isMoot ? 'none' : outcomeOf(cell, 'allow', groups);
      const isOpen = cell.deny === 'none' && (!this.isEnforced || cell.allow === 'all');
      cell.safe = isOpen ? 'none' : outcomeOf(cell, 'safe', groups);
    }
    this.#dirty.clear();
    for (const protocol of thinned) old.push(...this.#joinCells(protocol));
    this.#table = { isEnforced: this.isEnforced, segments: this.#segments() };
    return old;
  }

  /** A plan that says the same and may be changed apart from this one, which has to be settled. */
  clone(groups: GroupRegistry): PortPlan {
    const copy = new PortPlan();
    const twins = new Map<Slot, Slot>();
    for (const [key, slot] of this.#slots) {
      const twin: Slot = { ...slot, plan: copy };
      slot.union.slots.add(twin);
      twins.set(slot, twin);
      copy.#slots.set(key, twin);
    }
    const share = (outcome: Outcome) =>
      typeof outcome === 'object' ? groups.share(outcome) : outcome;
    for (const [protocol, cells] of this.#cells) {
      const copies = cells.map(
        (cell): Cell => ({
          ...cell,
          slots: new Set([...cell.slots].map((slot) => twins.get(slot)!)),
          deny: share(cell.deny),
          allow: share(cell.allow),
          safe: share(cell.safe),
        }),
      );
      copy.#cells.set(protocol, copies);
    }
    copy.#enforcerCount = this.#enforcerCount;
    copy.#table = this.#table;
    return copy;
  }

  /** Gives everything back; @returns the groups to release. */
  dispose(unions: UnionRegistry): Group[] {
    for (const slot of this.#slots.values()) unions.point(slot, unions.empty);
    for (const slot of this.#slots.values()) unions.empty.slots.delete(slot);
    const old: Group[] = [];
    for (const cells of this.#cells.values()) {
      for (const cell of cells) old.push(...groupsOf(cell));
    }
    return old;
  }

  #insert(slot: Slot): void {
    this.#slots.set(slot.key, slot);
    if (slot.range.protocol !== 'any') {
      this.#splitAt(slot.range.protocol, slot.range.first);
      this.#splitAt(slot.range.protocol, slot.range.last + 1);
    }
    for (const cell of this.#cellsOf(slot.range)) {
      cell.slots.add(slot);
      this.#dirty.add(cell);
    }
  }

  /** Makes a cell begin at `start`; both halves of a group's cell use the group. */
  #splitAt(protocol: PolicyProtocol, start: number): void {
    const cells = this.#cells.get(protocol)!;
    const index = indexOfCell(cells, start);
    const cell = cells[index];
    if (!cell || cell.first === start) return;
    // The groups are acquired again by `settle`: only the left half holds the old ones.
    const left: Cell = { ...cell, last: start - 1, slots: new Set(cell.slots) };
    const right: Cell = { ...cell, first: start, ...SILENT };
    this.#dirty.delete(cell);
    this.#dirty.add(left).add(right);
    cells.splice(index, 1, left, right);
  }

  /** Removes the slots that no rule fills; @returns the protocols whose cells may be joined. */
  #dropEmptySlots(): Set<PolicyProtocol> {
    const empty = new Set<Slot>();
    for (const cell of this.#dirty) {
      for (const slot of cell.slots) if (slot.union.members.size === 0) empty.add(slot);
    }
    const protocols = new Set<PolicyProtocol>();
    for (const slot of empty) {
      this.#slots.delete(slot.key);
      slot.union.slots.delete(slot);
      for (const cell of this.#cellsOf(slot.range)) {
        cell.slots.delete(slot);
        this.#dirty.add(cell);
      }
      if (slot.range.protocol !== 'any') protocols.add(slot.range.protocol);
    }
    return protocols;
  }

  /** Joins neighbours that no slot keeps apart any more; @returns the groups to release. */
  #joinCells(protocol: PolicyProtocol): Group[] {
    const old: Group[] = [];
    const joined: Cell[] = [];
    for (const cell of this.#cells.get(protocol)!) {
      const previous = joined.at(-1);
      if (previous && isSameSet(previous.slots, cell.slots)) {
        joined[joined.length - 1] = { ...previous, last: cell.last };
        old.push(...groupsOf(cell));
      } else {
        joined.push(cell);
      }
    }
    this.#cells.set(protocol, joined);
    return old;
  }

  *#cellsOf(range: PortRange): Generator<Cell> {
    if (range.protocol === 'any') {
      for (const cells of this.#cells.values()) yield* cells;
      return;
    }
    const cells = this.#cells.get(range.protocol)!;
    for (let index = indexOfCell(cells, range.first); index < cells.length; index++) {
      const cell = cells[index]!;
      if (cell.first > range.last) return;
      yield cell;
    }
  }

  #segments(): Segment[] {
    const other = runsOf(PolicyProtocol.Other, this.#cells.get(PolicyProtocol.Other)!);
    const segments = [...other];
    for (const { protocol, last } of PROTOCOLS.slice(1)) {
      const own = runsOf(protocol, this.#cells.get(protocol)!);
      const only = own.length === 1 ? own[0]! : undefined;
      const isWhole = only?.first === 0 && only.last === last;
      if (isWhole && other[0] && isSameDecision(only, other[0])) continue;
      segments.push(...own);
    }
    return segments;
  }
}

/** Index of the cell that holds a port; past the end if there is none. */
function indexOfCell(cells: readonly Cell[], port: number): number {
  let low = 0;
  let high = cells.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cells[middle]!.last < port) low = middle + 1;
    else high = middle;
  }
  return low;
}

function groupsOf(cell: Cell): Group[] {
  return [cell.deny, cell.allow, cell.safe].filter((outcome) => typeof outcome === 'object');
}

function outcomeOf(cell: Cell, action: RuleAction, groups: GroupRegistry): Outcome {
  const unions = new Set<PeerUnion>();
  for (const slot of cell.slots) {
    if (slot.action !== action) continue;
    if (slot.union.isAll) return 'all';
    unions.add(slot.union);
  }
  return unions.size === 0 ? 'none' : groups.acquire(action, [...unions]);
}

/** Segments of a protocol: neighbours that decide alike are one, silent cells are none. */
function runsOf(protocol: PolicyProtocol, cells: readonly Cell[]): Segment[] {
  const runs: Segment[] = [];
  for (const { first, last, deny, allow, safe } of cells) {
    if (deny === 'none' && allow === 'none' && safe === 'none') continue;
    const decision = decisionOf(deny, allow, safe);
    const previous = runs.at(-1);
    if (previous && previous.last + 1 === first && isSameDecision(previous, decision)) {
      runs[runs.length - 1] = { ...previous, last };
    } else {
      runs.push({ protocol, first, last, ...decision });
    }
  }
  return runs;
}

function denyPart(deny: Outcome): { denyGroup?: GroupId; isDenyAll?: boolean } {
  if (deny === 'none') return {};
  return deny === 'all' ? { isDenyAll: true } : { denyGroup: deny.id };
}

function allowPart(allow: Outcome): { allowGroup?: GroupId; isAllowAll?: boolean } {
  if (allow === 'none') return {};
  return allow === 'all' ? { isAllowAll: true } : { allowGroup: allow.id };
}

/** A deny of all says the rest, but for peers that are safe; who is safe needs nothing else. */
function decisionOf(deny: Outcome, allow: Outcome, safe: Outcome): Decided {
  if (safe === 'all') return { isAllowAll: true };
  const safePart = safe === 'none' ? {} : { safeGroup: safe.id };
  return { ...safePart, ...denyPart(deny), ...allowPart(allow) };
}

type Decided = Pick<Segment, 'safeGroup' | 'denyGroup' | 'allowGroup' | 'isDenyAll' | 'isAllowAll'>;

/** Whether two segments say the same about every peer. */
export function isSameDecision(left: Decided, right: Decided): boolean {
  return (
    left.safeGroup === right.safeGroup &&
    left.denyGroup === right.denyGroup &&
    left.allowGroup === right.allowGroup &&
    left.isDenyAll === right.isDenyAll &&
    left.isAllowAll === right.isAllowAll
  );
}

function isSameSet<T>(left: ReadonlySet<T>, right: ReadonlySet<T>): boolean {
  if (left.size !== right.size) return false;
  for (const item of left) if (!right.has(item)) return false;
  return true;
}
