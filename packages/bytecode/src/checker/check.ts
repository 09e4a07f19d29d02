/**
 * The checker: refuses what the kernel's verifier would certainly refuse, without a kernel.
 *
 * It goes over a program until what it knows of registers and stack, on all ways together, changes
 * no more; where ways disagree it knows nothing, and says nothing. So it never refuses what the
 * kernel accepts, and it misses what only the kernel's walk of single ways finds.
 */
import { contextShapes, factsOf, type ProgramKind, programKinds } from '@skep/ebpf';
import { decodePlaced, type Placed } from '../asm/decode.ts';
import { type Block, flowGraph, successors } from '../flow/flow-graph.ts';
import { formError, targetSlot } from '../flow/form.ts';
import type { ProgramObject } from '../object.ts';
import { deepCall } from './call-chain.ts';
import { Refusal } from './refusal.ts';
import { checkResult } from './result.ts';
import type { Scope } from './scope.ts';
import { State } from './state.ts';
import { along, initial, transfer } from './transfer.ts';

/** After which the checker gives up; no program came near to it. */
const SWEEPS_MAX = 200;
const ignore = (): void => {};

const checked = new WeakMap<ProgramObject, Refusal | undefined>();

/** Why the kernel would refuse the program; `undefined` when nothing speaks against it. */
export function checkProgram(object: ProgramObject): Refusal | undefined {
  if (!checked.has(object)) checked.set(object, findRefusal(object));
  return checked.get(object);
}

function findRefusal(object: ProgramObject): Refusal | undefined {
  const code = decodePlaced(object.code);
  const ill = formError(code);
  if (ill) return new Refusal(object, ill.slot, code, ill.detail);
  const calls = code.filter(({ instruction }) => instruction.kind === 'call');
  const targets = calls.map(({ slot, instruction }) => targetSlot(slot, instruction));
  const entries = [
    ...new Set([0, ...callbacks(code), ...targets.filter((slot) => slot !== undefined)]),
  ];
  const graphs = entries.map((entry) => ({ entry, ...flowGraph(code, entry) }));
  const reached = new Set(graphs.flatMap(({ blocks }) => blocks.flatMap(slotsOf)));
  const dead = code.find(({ slot }) => !reached.has(slot));
  if (dead) return new Refusal(object, dead.slot, code, 'unreachable insn');
  const functions = graphs.map(({ entry, blocks }) => ({
    entry,
    code: blocks.flatMap(({ instructions }) => instructions),
  }));
  for (const { entry, blocks } of graphs) {
    const endless = endlessLoop(blocks);
    if (endless) {
      const detail = 'infinite loop detected: no way out of here';
      return new Refusal(object, endless.instructions[0]!.slot, code, detail);
    }
    const found = checkFunction(scopeOf(object, entry === 0), blocks);
    if (found) return new Refusal(object, found.slot, code, found.detail);
  }
  const deep = deepCall(functions);
  return deep && new Refusal(object, deep.slot, code, deep.detail);
}

/** Functions whose address is taken. */
function callbacks(code: readonly Placed[]): number[] {
  return code.flatMap(({ slot, instruction }) =>
    instruction.kind === 'loadConstant' && instruction.from === 'code'
      ? [slot + 1 + Number(BigInt.asIntN(32, instruction.value))]
      : [],
  );
}

function slotsOf({ instructions }: Block): number[] {
  return instructions.map(({ slot }) => slot);
}

function scopeOf(object: ProgramObject, isProgram: boolean): Scope {
  const references = new Map(object.mapReferences.map((use) => [use.instruction, use.map]));
  const maps = new Map(object.maps.map((map) => [map.name, map]));
  const shapes = Object.values(contextShapes);
  const shape = shapes.find(({ programType }) => programType === object.programType);
  const fields = new Set(Object.values(shape?.fields ?? {}).map(({ offset }) => offset));
  return {
    object,
    isField: (offset) => fields.has(offset),
    mapAt: (slot) => maps.get(references.get(slot) ?? ''),
    dataOffset: shape?.dataOffset ?? -1,
    dataEndOffset: shape?.dataEndOffset ?? -1,
    kinds: kindsOf(object),
    isProgram,
  };
}

function kindsOf({ programType, attachType }: ProgramObject): ProgramKind[] {
  return (Object.keys(programKinds) as ProgramKind[]).filter((kind) => {
    const facts = factsOf(kind);
    return facts.programType === programType && (facts.attachType ?? attachType) === attachType;
  });
}

/** A block from which no exit can be reached. */
function endlessLoop(blocks: readonly Block[]): Block | undefined {
  const ending = blocks.filter((block) => successors(block).length === 0);
  const open = new Set(ending);
  for (let block = ending.pop(); block; block = ending.pop()) {
    for (const from of block.from) {
      if (open.has(from)) continue;
      open.add(from);
      ending.push(from);
    }
  }
  return blocks.find((block) => !open.has(block));
}

interface Finding {
  readonly slot: number;
  readonly detail: string;
}

/** First until nothing changes, then once more to complain. */
function checkFunction(scope: Scope, blocks: readonly Block[]): Finding | undefined {
  const atStart = new Map<Block, State>([[blocks[0]!, initial(new State(), scope.isProgram)]]);
  const pending = new Set([blocks[0]!]);
  for (let sweep = 0; pending.size > 0; sweep++) {
    if (sweep > SWEEPS_MAX) return undefined;
    // In their order: all that leads forward to a block was gone over before it.
    for (const block of blocks) {
      if (!pending.delete(block)) continue;
      for (const [to, state] of leave(scope, block, atStart.get(block)!)) {
        const known = atStart.get(to);
        if (!known) atStart.set(to, state);
        else if (!known.include(state)) continue;
        pending.add(to);
      }
    }
  }
  return firstFinding(scope, atStart) ?? firstEndless(scope, atStart);
}

/** A loop that is left by no way that the kernel takes into account, as of a count that stays. */
function firstEndless(scope: Scope, atStart: ReadonlyMap<Block, State>): Finding | undefined {
  const ways = [...atStart].map(([block, start]) => ({
    block,
    to: leave(scope, block, start).map(([to]) => to),
  }));
  const open = new Set(
    ways.filter(({ block }) => successors(block).length === 0).map((each) => each.block),
  );
  for (let isGrown = true; isGrown; ) {
    const more = ways.filter(
      ({ block, to }) => !open.has(block) && to.some((each) => open.has(each)),
    );
    for (const { block } of more) open.add(block);
    isGrown = more.length > 0;
  }
  const closed = ways.find(({ block }) => !open.has(block) && atStart.get(block)!.isReached);
  if (!closed) return undefined;
  const detail = 'infinite loop detected: nothing that it decides by changes';
  return { slot: closed.block.instructions[0]!.slot, detail };
}

function leave(scope: Scope, block: Block, start: State): (readonly [Block, State])[] {
  const state = start.copy();
  for (const each of block.instructions) transfer(scope, state, each, ignore);
  const { instruction } = block.instructions.at(-1)!;
  const ways = [
    [block.next, false],
    [block.target, true],
  ] as const;
  return ways.flatMap(([to, isTaken]) => {
    if (!to) return [];
    const after = instruction.kind === 'branch' ? along(state, instruction, isTaken) : state.copy();
    return after ? [[to, after] as const] : [];
  });
}

function firstFinding(scope: Scope, atStart: ReadonlyMap<Block, State>): Finding | undefined {
  let first: Finding | undefined;
  for (const [block, start] of atStart) {
    if (!start.isReached) continue;
    const state = start.copy();
    for (const each of block.instructions) {
      const { slot } = each;
      transfer(scope, state, each, (detail) => {
        if (!first || slot < first.slot) first = { slot, detail };
      });
      if (each.instruction.kind !== 'exit' || !scope.isProgram) continue;
      const detail = checkResult(scope, state.registers[0]!);
      if (detail && (!first || slot < first.slot)) first = { slot, detail };
    }
  }
  return first;
}
