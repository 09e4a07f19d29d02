/** `trace(...)`: there only where the program is compiled with traces, and then not too often. */
import { traceIntervalNanoseconds, traceState } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import type { Value } from '../ir/ir.ts';
import { tracesName } from '../ir/specialise.ts';
import { toInteger, widen } from './convert.ts';
import { refuseInLock } from './locks.ts';
import type { Lowering } from './lowering.ts';
import { fieldPlace } from './memory.ts';
import type { Computed, Result, Struct } from './result.ts';
import { nothing, pointer } from './result.ts';

const valuesMax = 3;
const formatBytesMax = 96;
const coarseClock = { id: 160, name: 'ktime_get_coarse_ns', movesPacket: false };
const print = { id: 6, name: 'trace_printk', movesPacket: false };

/** `trace(format, ...values)` */
export function lowerTrace(state: Lowering, node: ts.CallExpression): Result {
  refuseInLock(state, 'trace', node);
  const [format, ...values] = state.all(node.arguments);
  if (format?.kind !== 'known' || typeof format.value !== 'string') {
    return refuse(node, 'mustBeKnown', 'the format of trace');
  }
  const text = new TextEncoder().encode(`${format.value}\0`);
  const wanted = format.value.match(/%l*[dux]/g)?.length ?? 0;
  if (wanted !== values.length || wanted > valuesMax || text.length > formatBytesMax) {
    return refuse(node, 'traceFormat', wanted, values.length);
  }
  const integers = values.map((each, index) => toInteger(state, each, node.arguments[index + 1]!));
  state.at(node);
  const { builder } = state;
  const isOn = builder.loadTime(tracesName, 32);
  builder.choose('ne', isOn, builder.constant(0, 32), () => {
    const operands = integers.map((each: Computed) => widen(state, each, 64));
    limit(state, node, () => {
      const address = writeText(state, text);
      builder.call(print, [address, builder.constant(text.length, 64), ...operands]);
    });
  });
  return nothing;
}

/** Runs `body` once in an interval; counts how often it was left out. */
function limit(state: Lowering, node: ts.Node, body: () => void): void {
  const { builder } = state;
  const shared = builder.mapValue(state.world.shapeOf(traceState));
  const values = pointer(shared, traceState.value as Struct, 'map');
  const [last, suppressed] = ['lastNanoseconds', 'suppressed'].map((name) => {
    const { offset } = fieldPlace(values, name, node);
    return { offset, size: 8, space: 'map' } as const;
  });
  const now = builder.call(coarseClock, []);
  const passed = builder.binary('sub', now, builder.load(shared, last!));
  const interval = builder.constant(traceIntervalNanoseconds, 64);
  const isDue = (): void => {
    builder.store(shared, last!, now);
    body();
  };
  const isEarly = (): void => builder.atomicAdd(shared, suppressed!, builder.constant(1, 64));
  builder.choose('ge', passed, interval, isDue, isEarly);
}

/** The bytes on the stack, where the kernel reads them. */
function writeText({ builder }: Lowering, text: Uint8Array): Value {
  const slot = builder.slot('format', Math.ceil(text.length / 8) * 8);
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8);
  padded.set(text);
  const view = new DataView(padded.buffer);
  for (let offset = 0; offset < padded.length; offset += 8) {
    const bits = builder.constant(view.getBigUint64(offset, true), 64);
    builder.store(slot, { offset, size: 8, space: 'stack' }, bits);
  }
  return slot;
}
