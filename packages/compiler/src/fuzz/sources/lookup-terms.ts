/** Expressions that ask a map or the packet, with a value for when there is nothing. */
import type { Field, StructLayout } from '@skep/ebpf';
import type { ExpressionMaker } from './makers.ts';
import { type IntegerLayout, readInteger, type Run } from './run-state.ts';
import { arithmetic, type IntegerType, literal, type Term, wrap } from './terms.ts';
import { keyBytes, keyOfIndex, longestPrefix } from './tables.ts';
import { Option, PACKET_BYTES } from './world.ts';

/** `T(counts.lookup(key)?.value ?? other)`, of a map of integers. */
export function mapTerm(maker: ExpressionMaker, type: IntegerType): Term | null {
  const { random, scope } = maker;
  const kinds = ['counts', 'pairs', 'prefixes'] as const;
  const kind = random.pick(kinds);
  if (scope.held.includes(kind)) return null;
  const other = maker.term(type, 0);
  const [text, find] = lookups[kind](maker);
  const layout = kind === 'counts' || kind === 'pairs' ? wide : narrow;
  return {
    text: `${type}(${text}?.value ?? ${other.text})`,
    type,
    isKnown: false,
    isPlain: false,
    value: (run) => {
      const found = find(run);
      const read = found ? readInteger(found, 0, layout) : other.value(run);
      return wrap(type, read);
    },
  };
}

const wide: IntegerLayout = { size: 8, isSigned: false, isBigEndian: false };
const narrow: IntegerLayout = { size: 4, isSigned: false, isBigEndian: false };

type Find = (run: Run) => Uint8Array | undefined;
type Lookup = (maker: ExpressionMaker) => readonly [text: string, find: Find];

/** A key of few values, so that keys meet. */
export function smallKey(maker: ExpressionMaker, mask: number): Term {
  return arithmetic('&', maker.computed('u32', 1), literal('u32', BigInt(mask)))!;
}

const lookups: Readonly<Record<'counts' | 'pairs' | 'prefixes', Lookup>> = {
  counts: (maker) => {
    const key = smallKey(maker, 7);
    return [
      `counts.lookup(${key.text})`,
      (run) => run.tables.counts!.get(keyOfIndex(key.value(run))),
    ];
  },
  pairs: (maker) => {
    const [low, high] = [smallKey(maker, 1), smallKey(maker, 3)];
    const text = `pairs.lookup({ low: u16(${low.text}), high: u16(${high.text}) })`;
    return [text, (run) => run.tables.pairs!.get(keyBytes.pair(low.value(run), high.value(run)))];
  },
  prefixes: (maker) => {
    const address = maker.computed('u32', 1);
    const length = maker.random.pick([32, 32, 24, 8, 0]);
    const text = `prefixes.lookup({ prefixLength: ${length}, address: ${address.text} })`;
    return [text, (run) => longestPrefix(run.tables.prefixes!, address.value(run), length)];
  },
};

/** `T(ctx.at(Option, at)?.size ?? other)`. */
export function packetTerm(maker: ExpressionMaker, type: IntegerType): Term {
  const at = smallKey(maker, 127);
  const other = maker.term(type, 0);
  const { name, offset, field } = maker.random.pick((Option as StructLayout).fields);
  return {
    text: `${type}(ctx.at(Option, ${at.text})?.${name} ?? ${other.text})`,
    type,
    isKnown: false,
    isPlain: false,
    value: (run) => {
      const from = Number(at.value(run));
      if (from + Option.size > PACKET_BYTES) return other.value(run);
      return wrap(type, readInteger(run.packet, from + offset, field as Field & IntegerLayout));
    },
  };
}
