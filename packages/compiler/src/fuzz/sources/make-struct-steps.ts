/** Structs on the stack, copies of structs, and views of the packet. */
import type { ArrayField, Field, StructLayout } from '@skep/ebpf';
import type { StatementMaker } from './makers.ts';
import { typeOfField } from './places.ts';
import { type Run, writeInteger } from './run-state.ts';
import { smallKey } from './lookup-terms.ts';
import { blockStep, plainStep, runAll, type Step } from './step.ts';
import { Cell, Head, Option, PACKET_BYTES, Pair } from './world.ts';

/** A literal of a struct: what it is written as, and its bytes. */
export interface StructLiteral {
  readonly text: string;
  readonly fill: (run: Run, bytes: Uint8Array, offset: number) => void;
}

/**
 * Some of the fields, the others being zero; of a struct in a struct all of them. Unions stand only
 * in what a constructor is given.
 */
export function structLiteral(
  maker: StatementMaker,
  layout: StructLayout,
  place: 'constructor' | 'value' | 'inside' = 'constructor',
): StructLiteral {
  const { random } = maker;
  const given = layout.fields.filter(({ field }) => {
    if (field.kind === 'struct' && field.isUnion && place !== 'constructor') return false;
    return place === 'inside' || random.oneIn(2);
  });
  const chosen = layout.isUnion ? [random.pick(layout.fields)] : given;
  const parts = chosen.map(({ name, offset, field }) => {
    const value = fieldLiteral(maker, field);
    return { text: `${name}: ${value.text}`, offset, fill: value.fill };
  });
  return {
    text: parts.length > 0 ? `{ ${parts.map(({ text }) => text).join(', ')} }` : '{}',
    fill: (run, bytes, start) => {
      for (const { offset, fill } of parts) fill(run, bytes, start + offset);
    },
  };
}

function fieldLiteral(maker: StatementMaker, field: Field): StructLiteral {
  if (field.kind === 'struct') return structLiteral(maker, field, 'inside');
  if (field.kind === 'array') return arrayLiteral(maker, field);
  if (typeOfField(field) === null) {
    const value = maker.terms.condition(1);
    const fill: StructLiteral['fill'] = (run, bytes, offset) => {
      bytes[offset] = value.holds(run) ? 1 : 0;
    };
    return { text: value.text, fill };
  }
  const value = maker.fieldValue(field);
  return {
    text: value.text,
    fill: (run, bytes, offset) => writeInteger(bytes, offset, field, value.value(run)),
  };
}

function arrayLiteral(maker: StatementMaker, { count, element }: ArrayField): StructLiteral {
  const elements = Array.from({ length: count }, () => fieldLiteral(maker, element));
  return {
    text: `[${elements.map(({ text }) => text).join(', ')}]`,
    fill: (run, bytes, offset) => {
      elements.forEach(({ fill }, index) => {
        fill(run, bytes, offset + index * element.size);
      });
    },
  };
}

/** `const s = new Cell({ ... })`, in scope from now on. */
export function newStruct(maker: StatementMaker): Step {
  const { random, names, scope } = maker;
  const [name, layout] = random.pick([
    ['Cell', Cell],
    ['Pair', Pair],
  ] as const);
  const init = structLiteral(maker, layout);
  const text = names.next('s');
  scope.objects.push({ text, layout, memory: 'stack' });
  return plainStep(`const ${text} = new ${name}(${init.text});`, (run) => {
    const bytes = new Uint8Array(layout.size);
    init.fill(run, bytes, 0);
    run.objects.set(text, bytes);
  });
}

/** Copies a struct into one of another memory: views of one packet may overlap. */
export function copyStep(maker: StatementMaker): Step | null {
  const { random, scope } = maker;
  const holders = scope.objects.flatMap((object) =>
    object.layout.fields
      .filter(({ field }) => field === Pair || field.kind === 'array')
      .map(({ name, offset, field }) => ({ object, name, offset, field })),
  );
  if (holders.length < 2) return null;
  const to = random.pick(holders);
  const others = holders.filter(({ object, field }) => {
    const isAlike = field === to.field || (field.kind === 'array' && to.field.kind === 'array');
    return object.memory !== to.object.memory && isAlike && field.size === to.field.size;
  });
  if (others.length === 0) return null;
  const from = random.pick(others);
  if (from.name === 'pairs' || to.name === 'pairs') return null;
  return plainStep(`${to.object.text}.${to.name} = ${from.object.text}.${from.name};`, (run) => {
    const [source, target] = [run.objects.get(from.object.text)!, run.objects.get(to.object.text)!];
    target.set(source.slice(from.offset, from.offset + from.field.size), to.offset);
  });
}

/** `const p = ctx.at(Head, offset); if (p) { ... }`. */
export function packetBlock(maker: StatementMaker, depth: number): Step {
  const { random, names } = maker;
  const [struct, layout] = random.pick([
    ['Head', Head],
    ['Option', Option],
    ['Pair', Pair],
  ] as const);
  const at = smallKey(maker.terms, random.pick([63, 127]));
  const text = names.next('p');
  const inside = maker.inner();
  inside.scope.objects.push({ text, layout, memory: 'packet' });
  const body = inside.block(1 + random.below(2), depth - 1);
  const block = blockStep(`if (${text})`, body, (run) => {
    const offset = Number(at.value(run));
    if (offset + layout.size > PACKET_BYTES) return;
    run.objects.set(text, run.packet.subarray(offset, offset + layout.size));
    runAll(body, run);
  });
  const lines = (): string[] => [
    `const ${text} = ctx.at(${struct}, ${at.text});`,
    ...block.lines(),
  ];
  return { ...block, lines };
}
