/** Fields of structs in scope: what is written to reach one, and where it lies. */
import type { AnyInteger, Field, StructOf } from '@skep/ebpf';
import type { Random } from '../random.ts';
import { readInteger, type Run, writeInteger } from './run-state.ts';
import type { IntegerType, Term } from './terms.ts';

/** A struct that a program can reach by a name. */
export interface StructObject {
  /** Also its name in `Run.objects`. */
  readonly text: string;
  readonly layout: StructOf<object>;
  readonly memory: 'packet' | 'map' | 'stack';
}

/** An integer in memory. */
export interface Place {
  readonly text: string;
  readonly field: AnyInteger;
  readonly locate: (run: Run) => { readonly bytes: Uint8Array; readonly offset: number };
}

/** An index that is not known when compiling. */
type IndexMaker = (count: number) => Term;

interface Way {
  readonly text: string;
  readonly offset: (run: Run) => number;
}

/** A random integer of the object; `null` where chance leads to none. */
export function pickPlace(random: Random, object: StructObject, index: IndexMaker): Place | null {
  const start: Way = { text: object.text, offset: () => 0 };
  const found = descend(random, object.layout, start, index);
  if (!found) return null;
  const { way, field } = found;
  const locate: Place['locate'] = (run) => {
    return { bytes: run.objects.get(object.text)!, offset: way.offset(run) };
  };
  return { text: way.text, field, locate };
}

function descend(
  random: Random,
  field: Field,
  way: Way,
  index: IndexMaker,
): { readonly way: Way; readonly field: AnyInteger } | null {
  if (field.kind === 'integer') return { way, field };
  if (field.kind === 'array') {
    const at = index(field.count);
    const next = {
      text: `${way.text}[${at.text}]`,
      offset: (run: Run) => way.offset(run) + Number(at.value(run)) * field.element.size,
    };
    return descend(random, field.element, next, index);
  }
  const { name, offset, field: chosen } = random.pick(field.fields);
  if (name === 'lock') return null;
  const next = { text: `${way.text}.${name}`, offset: (run: Run) => way.offset(run) + offset };
  return descend(random, chosen, next, index);
}

/** How an expression counts that reads the field; `null` for booleans. */
export function typeOfField(field: AnyInteger): IntegerType | null {
  if (field.type === 'bool') return null;
  if (field.size === 8) return field.isSigned ? 's64' : 'u64';
  return field.isSigned ? 's32' : 'u32';
}

/** What a place holds, as its field reads it. */
export function readPlace(place: Place, run: Run): bigint {
  const { bytes, offset } = place.locate(run);
  return readInteger(bytes, offset, place.field);
}

/** Wraps the value to the field. */
export function writePlace(place: Place, run: Run, value: bigint): void {
  const { bytes, offset } = place.locate(run);
  writeInteger(bytes, offset, place.field, value);
}

/** Reading an integer that is not a boolean. */
export function placeTerm(place: Place): Term | null {
  const type = typeOfField(place.field);
  if (!type) return null;
  const value = (run: Run): bigint => readPlace(place, run);
  return { text: place.text, type, isKnown: false, isPlain: false, value };
}
