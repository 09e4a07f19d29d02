/** Turns entries of an older layout into entries of this one; pure. */
import { type Codec, codecOf } from '@skep/ebpf';
import { fieldOf, type FieldText, haveSameFields } from './field-text.ts';
import {
  currentLayout,
  type Layout,
  type LayoutFamily,
  type MapLayout,
  readLayout,
} from './layout.ts';
import {
  arrivals,
  type LayoutEntry,
  masqueradeMigrations,
  type Migrate,
  type Migration,
  migrations,
} from './migrations.ts';

/** An entry as bytes: of a table with values for each CPU with one of them. */
export interface RawEntry {
  readonly map: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What becomes of an entry; `undefined`: it ends with its layout. */
export type Carry = (entry: RawEntry) => RawEntry | undefined;

/** No entry of a layout can be turned into one of this build's. */
export class MigrationError extends Error {
  readonly code = 'ERR_MIGRATION';
}

/** What a build knows of layouts. */
export interface LayoutKnowledge {
  readonly migrations: readonly Migration[];
  readonly arrivals: Readonly<Record<string, Migrate>>;
  readonly layoutOf: (number: number) => Layout | undefined;
}

/** What this build knows of the layouts of a family. */
function knowledgeOf(family: LayoutFamily): LayoutKnowledge {
  const layoutOf = (number: number): Layout | undefined => readLayout(number, family);
  if (family.name === 'datapath') return { migrations, arrivals, layoutOf };
  return { migrations: masqueradeMigrations, arrivals: {}, layoutOf };
}

/**
 * How to carry over each table that only packets write, by its name in the older layout.
 *
 * @throws MigrationError which names the layouts, the table, and what is missing
 */
export function planCarryTo(family: LayoutFamily, from: Layout): ReadonlyMap<string, Carry> {
  return planCarry(from, currentLayout(family), knowledgeOf(family));
}

/** As {@link planCarryTo}, of a build that knows these layouts. @throws MigrationError */
export function planCarry(
  from: Layout,
  to: Layout,
  knowledge: LayoutKnowledge,
): ReadonlyMap<string, Carry> {
  const path: Migration[] = [];
  let layout = from;
  while (layout.number < to.number) {
    const step = knowledge.migrations.find((each) => each.from === layout.number);
    const isLast = layout.number + 1 === to.number;
    const next = isLast ? to : knowledge.layoutOf(layout.number + 1);
    if (!step || !next) throw new MigrationError(`${between(layout)}: this build knows no way`);
    checkStep(layout, next, step);
    path.push(step);
    layout = next;
  }
  const steps = [...path.map(({ maps }) => maps), knowledge.arrivals];
  return new Map(from.carried.map((name) => [name, carryOf(name, from, to, steps)]));
}

/** Every table is named by the step, or is the same before and after it but for its order. */
function checkStep(before: Layout, after: Layout, step: Migration): void {
  for (const name of before.carried) {
    if (step.maps[name]) continue;
    const [old, renewed] = [before.maps[name]!, after.maps[name]];
    const problem = !renewed
      ? 'it is gone'
      : !after.carried.includes(name)
        ? 'it is not carried over any more'
        : old.kind !== renewed.kind
          ? `kind ${renewed.kind}, was ${old.kind}`
          : !haveSameFields(old.key, renewed.key)
            ? 'other fields in its key'
            : !haveSameFields(old.value, renewed.value)
              ? 'other fields in its value'
              : undefined;
    if (!problem) continue;
    const advice = 'say in layouts/migrations.ts what becomes of its entries';
    throw new MigrationError(`${between(before)}: map ${name}: ${problem} (${advice})`);
  }
}

function between({ number }: Layout): string {
  return `migrate layout ${number} to ${number + 1}`;
}

type Step = Readonly<Record<string, Migrate>>;

function carryOf(name: string, from: Layout, to: Layout, steps: readonly Step[]): Carry {
  const source = from.maps[name]!;
  const isNamed = steps.some((maps) => maps[name]);
  if (!isNamed && isSame(source, to.maps[name]!)) return (entry) => entry;
  const read = columnsOf(source);
  const writers = new Map<string, Columns>();
  return (entry) => {
    const old: LayoutEntry = {
      map: name,
      key: read.key?.decode(entry.key),
      value: read.value?.decode(entry.value),
    };
    const renewed = steps.reduce<LayoutEntry | undefined>(follow, old);
    return renewed && encode(renewed, to, writers);
  };
}

/** One step further, unless the entry has ended. */
function follow(entry: LayoutEntry | undefined, maps: Step): LayoutEntry | undefined {
  const migrate = entry && maps[entry.map];
  return migrate ? migrate(entry) : entry;
}

interface Columns {
  readonly key: Codec | undefined;
  readonly value: Codec | undefined;
}

function columnsOf({ key, value }: MapLayout): Columns {
  const codec = (text: FieldText | null): Codec | undefined =>
    text === null ? undefined : codecOf(fieldOf(text));
  return { key: codec(key), value: codec(value) };
}

function encode({ map, key, value }: LayoutEntry, to: Layout, known: Map<string, Columns>) {
  const layout = to.maps[map];
  if (!layout) throw new MigrationError(`migrate to layout ${to.number}: it has no map ${map}`);
  const columns = known.get(map) ?? columnsOf(layout);
  known.set(map, columns);
  const none = new Uint8Array(0);
  return {
    map,
    key: columns.key?.encode(key as never) ?? none,
    value: columns.value?.encode(value as never) ?? none,
  };
}

/** Byte for byte: the order of fields matters. */
function isSame(left: MapLayout, right: MapLayout): boolean {
  return JSON.stringify([left.key, left.value]) === JSON.stringify([right.key, right.value]);
}
