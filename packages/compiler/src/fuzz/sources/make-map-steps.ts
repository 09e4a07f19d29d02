/** Statements about maps: entries that are held, updates, queues, records, locks. */
import type { StructLayout } from '@skep/ebpf';
import { smallKey } from './lookup-terms.ts';
import { structLiteral } from './make-struct-steps.ts';
import type { StatementMaker } from './makers.ts';
import type { ModelTable, Run } from './run-state.ts';
import { readInteger, writeInteger } from './run-state.ts';
import { blockStep, plainStep, runAll, type Step } from './step.ts';
import { deleteFrom, keyBytes, keyOfIndex, updateArray, updateHash } from './tables.ts';
import type { Term } from './terms.ts';
import { Cell, jobs, Locked, marks, Pair, shares, table } from './world.ts';

type Maker = (maker: StatementMaker, depth: number) => Step | null;

/** `null` where nothing can be done with maps here. */
export function mapStep(maker: StatementMaker, depth: number): Step | null {
  const { random, scope } = maker;
  if (scope.isLocked || scope.isPure) return null;
  const makers: readonly Maker[] = [
    ...[holdEntry, holdEntry, holdEntry, update, update, remove, pushValue, popValue],
    ...[output, reserved, innerUpdate, callWithStruct],
  ];
  return random.pick(makers)(maker, depth);
}

interface CellTable {
  readonly name: 'cells' | 'table' | 'shares';
  readonly maxEntries: number;
}
const cellTables: readonly CellTable[] = [
  { name: 'cells', maxEntries: 5 },
  { name: 'table', maxEntries: table.maxEntries },
  { name: 'shares', maxEntries: shares.maxEntries },
];

interface TableKey {
  readonly text: string;
  readonly of: (run: Run) => string;
}

function tableKey(maker: StatementMaker, { name }: CellTable): TableKey {
  const key = smallKey(maker.terms, 7);
  if (name !== 'shares') return { text: key.text, of: (run) => keyOfIndex(key.value(run)) };
  return { text: `u16(${key.text})`, of: (run) => keyBytes.share(key.value(run)) };
}

const entriesOf = (run: Run, name: string): ModelTable => run.tables[name]!;

/** `const e = table.lookup(key); if (e) { ... }`. */
function holdEntry(maker: StatementMaker, depth: number): Step | null {
  const { random, names, scope } = maker;
  const chosen = random.pick(cellTables);
  if (scope.held.includes(chosen.name)) return null;
  const key = tableKey(maker, chosen);
  const text = names.next('e');
  const inside = maker.inner({ held: [...scope.held, chosen.name] });
  inside.scope.objects.push({ text, layout: Cell, memory: 'map' });
  const body = inside.block(1 + random.below(3), depth - 1);
  const block = blockStep(`if (${text})`, body, (run) => {
    const found = entriesOf(run, chosen.name).get(key.of(run));
    if (!found) return;
    run.objects.set(text, found);
    runAll(body, run);
  });
  const lines = (): string[] => [
    `const ${text} = ${chosen.name}.lookup(${key.text});`,
    ...block.lines(),
  ];
  return { ...block, lines };
}

/** A call that answers 0 or an errno, which goes into a variable. */
function answered(maker: StatementMaker, text: string, answer: (run: Run) => bigint): Step {
  const { random, scope } = maker;
  const targets = scope.integers.filter(({ type, role }) => type === 's64' && role === 'variable');
  if (targets.length === 0) return plainStep(`${text};`, (run) => void answer(run));
  const { name } = random.pick(targets);
  return plainStep(`${name} = s64(${text});`, (run) => {
    run.integers.set(name, answer(run));
  });
}

/** The bytes of a struct, by a literal or by an object in scope. */
function cellValue(maker: StatementMaker): {
  readonly text: string;
  readonly of: (run: Run) => Uint8Array;
} {
  const { random, scope } = maker;
  const known = scope.objects.filter(({ layout }) => (layout as unknown) === Cell);
  if (known.length > 0 && random.oneIn(2)) {
    const { text } = random.pick(known);
    return { text, of: (run) => run.objects.get(text)!.slice() };
  }
  const isPlain = random.oneIn(2);
  const init = structLiteral(maker, Cell, isPlain ? 'value' : 'constructor');
  const of = (run: Run): Uint8Array => {
    const bytes = new Uint8Array(Cell.size);
    init.fill(run, bytes, 0);
    return bytes;
  };
  return { text: isPlain ? init.text : `new Cell(${init.text})`, of };
}

function update(maker: StatementMaker): Step | null {
  const { random, scope, terms } = maker;
  if (random.oneIn(5)) {
    const [low, high] = [smallKey(terms, 1), smallKey(terms, 3)];
    const value = terms.computed('u64', 2);
    const key = `{ low: u16(${low.text}), high: u16(${high.text}) }`;
    return answered(maker, `pairs.update(${key}, ${value.text})`, (run) => {
      const bytes = new Uint8Array(8);
      const at = keyBytes.pair(low.value(run), high.value(run));
      writeInteger(bytes, 0, { size: 8, isSigned: false, isBigEndian: false }, value.value(run));
      return updateHash(entriesOf(run, 'pairs'), { key: at, value: bytes }, 0, 4096);
    });
  }
  const chosen = random.pick(cellTables);
  if (scope.held.includes(chosen.name)) return null;
  const key = tableKey(maker, chosen);
  const value = cellValue(maker);
  const flag = random.below(3);
  const names = ['', ', UpdateFlag.NoExist', ', UpdateFlag.Exist'];
  const text = `${chosen.name}.update(${key.text}, ${value.text}${names[flag]})`;
  return answered(maker, text, (run) => {
    const entry = { key: key.of(run), value: value.of(run) };
    const entries = entriesOf(run, chosen.name);
    return chosen.name === 'cells'
      ? updateArray(entries, entry, flag)
      : updateHash(entries, entry, flag, chosen.maxEntries);
  });
}

function remove(maker: StatementMaker): Step | null {
  const { random, scope } = maker;
  const chosen = random.pick(cellTables.slice(1));
  if (scope.held.includes(chosen.name)) return null;
  const key = tableKey(maker, chosen);
  return answered(maker, `${chosen.name}.delete(${key.text})`, (run) => {
    return deleteFrom(entriesOf(run, chosen.name), key.of(run));
  });
}

function pushValue(maker: StatementMaker): Step {
  const { random, terms } = maker;
  const replaces = random.oneIn(3);
  const flag = replaces ? ', 2' : '';
  const push = (run: Run, name: string, bytes: Uint8Array, room: number): bigint => {
    const values = run.sequences[name]!;
    if (values.length >= room) {
      if (!replaces) return -7n;
      values.shift();
    }
    values.push(bytes);
    return 0n;
  };
  if (random.oneIn(2)) {
    const value = terms.computed('u32', 2);
    return answered(maker, `marks.push(${value.text}${flag})`, (run) => {
      const bytes = new Uint8Array(4);
      writeInteger(bytes, 0, { size: 4, isSigned: false, isBigEndian: false }, value.value(run));
      return push(run, 'marks', bytes, marks.maxEntries);
    });
  }
  const init = structLiteral(maker, Pair);
  return answered(maker, `jobs.push(${init.text}${flag})`, (run) => {
    const bytes = new Uint8Array(Pair.size);
    init.fill(run, bytes, 0);
    return push(run, 'jobs', bytes, jobs.maxEntries);
  });
}

/** `const q = jobs.pop(); if (q) { ... }`: a copy. */
function popValue(maker: StatementMaker, depth: number): Step {
  const { random, names } = maker;
  const text = names.next('q');
  const how = random.pick(['pop', 'peek'] as const);
  const inside = maker.inner();
  inside.scope.objects.push({ text, layout: Pair, memory: 'stack' });
  const body = inside.block(1, depth - 1);
  const block = blockStep(`if (${text})`, body, (run) => {
    const values = run.sequences.jobs!;
    const found = how === 'pop' ? values.shift() : values[0]?.slice();
    if (!found) return;
    run.objects.set(text, found);
    runAll(body, run);
  });
  const lines = (): string[] => [`const ${text} = jobs.${how}();`, ...block.lines()];
  return { ...block, lines };
}

function output(maker: StatementMaker): Step {
  const init = structLiteral(maker, Pair);
  return answered(maker, `events.output(new Pair(${init.text}))`, (run) => {
    const bytes = new Uint8Array(Pair.size);
    init.fill(run, bytes, 0);
    run.events.push(bytes);
    return 0n;
  });
}

/** A record that is filled in place, then handed over or dropped. */
function reserved(maker: StatementMaker): Step {
  const { random, names } = maker;
  const text = names.next('r');
  const fields = (Pair as StructLayout).fields.map(({ name, offset, field }) => {
    const value = maker.fieldValue(field as never);
    return { text: `  ${text}.${name} = ${value.text};`, offset, field: field as never, value };
  });
  const end = random.oneIn(4) ? 'discard' : 'submit';
  const lines = (): string[] => [
    `const ${text} = events.reserve(Pair);`,
    `if (${text}) {`,
    ...fields.map((each) => each.text),
    `  events.${end}(${text});`,
    '}',
  ];
  const run = (run: Run): void => {
    const bytes = new Uint8Array(Pair.size);
    for (const { offset, field, value } of fields) {
      writeInteger(bytes, offset, field, value.value(run));
    }
    if (end === 'submit') run.events.push(bytes);
  };
  return { lines, run, blocks: [] };
}

/** Reads and writes a map of a map. */
function innerUpdate(maker: StatementMaker): Step {
  const { random, names, scope, terms } = maker;
  const outer = random.pick(['slots', 'named'] as const);
  const [slot, key] = [smallKey(terms, 3), smallKey(terms, 7)];
  const value = terms.computed('u32', 2);
  const isDelete = random.oneIn(4);
  const [map, found] = [names.next('m'), names.next('c')];
  const targets = scope.integers.filter(({ type, role }) => type === 'u32' && role === 'variable');
  const target = random.pick(targets).name;
  const call = isDelete ? `delete(${key.text})` : `update(${key.text}, ${value.text})`;
  const lines = (): string[] => [
    `const ${map} = ${outer}.lookup(${slot.text});`,
    `if (${map}) {`,
    `  const ${found} = ${map}.lookup(${key.text});`,
    `  if (${found}) ${target} ^= ${found}.value;`,
    `  ${map}.${call};`,
    '}',
  ];
  const run = (run: Run): void => {
    const entries = run.tables[`${outer} ${slot.value(run)}`];
    if (!entries) return;
    const known = entries.get(keyOfIndex(key.value(run)));
    if (known) {
      const old = readInteger(known, 0, word);
      run.integers.set(target, run.integers.get(target)! ^ old);
    }
    // The key and the value may be made of the variable.
    const at = keyOfIndex(key.value(run));
    if (isDelete) {
      entries.delete(at);
      return;
    }
    const bytes = new Uint8Array(4);
    writeInteger(bytes, 0, word, value.value(run));
    updateHash(entries, { key: at, value: bytes }, 0, 4);
  };
  return { lines, run, blocks: [] };
}

const word = { size: 4, isSigned: false, isBigEndian: false };

/** A subprogram that is given a struct, wherever that lies. */
function callWithStruct(maker: StatementMaker): Step | null {
  const { random, scope, terms } = maker;
  const known = scope.objects.filter(({ layout }) => (layout as unknown) === Cell);
  const targets = scope.integers.filter(({ type, role }) => type === 'u32' && role === 'variable');
  if (known.length === 0 || targets.length === 0) return null;
  const [object, target] = [random.pick(known), random.pick(targets)];
  const amount: Term = terms.computed('u32', 2);
  const name = random.pick(['mixCell', 'mixCellInline']);
  return plainStep(`${target.name} = ${name}(${object.text}, ${amount.text});`, (run) => {
    run.integers.set(target.name, mixCell(run.objects.get(object.text)!, amount.value(run)));
  });
}

/** The functions of each module that are given a struct; `mixCell` says what they do. */
export const cellFunctions: readonly string[] = ['mixCell', 'mixCellInline'].flatMap((name) => [
  name === 'mixCell' ? '/** @subprogram */' : '/** Inlined. */',
  `function ${name}(cell: Cell, amount: u32): u32 {`,
  '  cell.word += amount;',
  '  cell.port = u16(amount);',
  '  cell.choice.halves.low ^= u16(cell.word);',
  '  return cell.choice.word + cell.port;',
  '}',
]);

function mixCell(bytes: Uint8Array, amount: bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const offsetOf = (name: string): number =>
    (Cell as StructLayout).fields.find((each) => each.name === name)!.offset;
  const [word, port, choice] = [offsetOf('word'), offsetOf('port'), offsetOf('choice')];
  view.setUint32(word, (view.getUint32(word, true) + Number(amount)) >>> 0, true);
  view.setUint16(port, Number(amount) & 0xffff);
  view.setUint16(
    choice,
    view.getUint16(choice, true) ^ (view.getUint32(word, true) & 0xffff),
    true,
  );
  return BigInt((view.getUint32(choice) + view.getUint16(port)) >>> 0);
}

/** Work on an entry that holds its lock: no calls in it, and one way out. */
export function lockStep(maker: StatementMaker): Step | null {
  const { random, names, scope, terms } = maker;
  if (scope.isLocked || scope.isPure) return null;
  const key = smallKey(terms, 7);
  const text = names.next('k');
  const inside = maker.inner({ isLocked: true, labels: [], canReturn: false });
  inside.scope.objects = [{ text, layout: Locked, memory: 'map' }, ...scope.objects.slice(0, 2)];
  const body = inside.block(1 + random.below(3), 0);
  const result = random.oneIn(2) ? inside.terms.computed('u32', 1) : null;
  const targets = scope.integers.filter(({ type, role }) => type === 'u32' && role === 'variable');
  const target = result && targets.length > 0 ? random.pick(targets) : null;
  const head = target
    ? `${target.name} = withLock(${text}, (): u32 => {`
    : `withLock(${text}, () => {`;
  const lines = (): string[] => [
    `const ${text} = locked.lookup(${key.text});`,
    `if (${text}) {`,
    `  ${head}`,
    ...body.flatMap((step) => step.lines().map((line) => `    ${line}`)),
    ...(target ? [`    return ${result!.text};`] : []),
    '  });',
    '}',
  ];
  const run = (run: Run): void => {
    const found = entriesOf(run, 'locked').get(keyOfIndex(key.value(run)));
    if (!found) return;
    run.objects.set(text, found);
    runAll(body, run);
    if (target) run.integers.set(target.name, result!.value(run));
  };
  return { lines, run, blocks: [body] };
}
