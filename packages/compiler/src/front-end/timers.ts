/** `startTimer(map, entry, delay, callback)`: the callback becomes a function of its own. */
import { MapDeclaration } from '@skep/ebpf';
import type ts from '@typescript/typescript6';
import { refuse } from '../diagnostics/report.ts';
import { FunctionBuilder } from '../ir/builder.ts';
import { toInteger, widen } from './convert.ts';
import { lowerBody } from './inline.ts';
import { refuseInLock } from './locks.ts';
import { Lowering } from './lowering.ts';
import { layoutOf } from './map-call.ts';
import type { Result } from './result.ts';
import { computed, isPointer, pointer, s32Type } from './result.ts';
import type { Callable } from './syntax.ts';
import { FunctionReference } from './world.ts';

const monotonic = 1;
const initialise = { id: 169, name: 'timer_init', movesPacket: false };
const setCallback = { id: 170, name: 'timer_set_callback', movesPacket: false };
const start = { id: 171, name: 'timer_start', movesPacket: false };

/** A timer that was made ready before is left as it is. */
export function lowerStartTimer(state: Lowering, node: ts.CallExpression): Result {
  refuseInLock(state, 'startTimer', node);
  const [map, entry, delay, callback] = state.all(node.arguments);
  if (!map || !entry || !delay || !callback) return refuse(node, 'missingArgument', 'callback');
  const [mapNode, entryNode, delayNode, callbackNode] = node.arguments as unknown as ts.Node[];
  if (map.kind !== 'known' || !(map.value instanceof MapDeclaration)) {
    return refuse(mapNode!, 'mustBeKnown', 'the map');
  }
  const layout = layoutOf(map.value.value);
  const fields = layout.kind === 'struct' ? layout.fields : [];
  const timer = fields.find(({ field }) => {
    return (field as { kernelName?: unknown }).kernelName === 'bpf_timer';
  });
  if (!timer || !isPointer(entry) || entry.type.to !== layout) {
    return refuse(entryNode!, 'timerMissing', map.value.name);
  }
  const callable = callableOf(state, callback);
  if (!callable) return refuse(callbackNode!, 'mustBeKnown', 'the callback of startTimer');
  const name = makeCallback(state, callable, map.value, node);
  state.at(node);
  const { builder } = state;
  const address = builder.offset(entry.value, entry.offset + timer.offset);
  const shape = builder.map(state.world.shapeOf(map.value));
  builder.call(initialise, [address, shape, builder.constant(monotonic, 64)]);
  builder.call(setCallback, [address, builder.functionAddress(name)]);
  const wait = widen(state, toInteger(state, delay, delayNode!), 64);
  const status = builder.call(start, [address, wait, builder.constant(0, 64)]);
  return computed(builder.resize(status, 32), s32Type);
}

function callableOf(state: Lowering, callback: Result): Callable | null {
  if (callback.kind !== 'known') return null;
  const { value } = callback;
  if (value instanceof FunctionReference) return value.callable;
  return typeof value === 'function' ? state.world.callableOfLive(value) : null;
}

/** The kernel gives it the map, the key and the value; it must return 0. */
function makeCallback(
  caller: Lowering,
  declaration: Callable,
  map: MapDeclaration,
  node: ts.Node,
): string {
  const { world, rules, diagnostics, subprograms } = caller;
  const { made, names } = subprograms;
  const known = made.find((each) => each.declaration === declaration && each.timerMap === map);
  if (known) return known.function.name;
  if (subprograms.underWay.has(declaration)) return subprograms.timerNames.get(declaration)!;
  let name = world.nameOf(declaration);
  for (let copy = 1; names.has(name); copy++) name = `${world.nameOf(declaration)}_${copy}`;
  names.add(name);
  subprograms.underWay.add(declaration);
  subprograms.timerNames.set(declaration, name);
  const builder = new FunctionBuilder(name, world.positionOf(declaration));
  const state = new Lowering(world, rules, builder, diagnostics, subprograms, declaration);
  const key = pointer(builder.parameter(1), layoutOf(map.key), 'map');
  const entry = pointer(builder.parameter(2), layoutOf(map.value), 'map');
  lowerBody(state, declaration, [entry, key], node);
  builder.return(builder.constant(0, 64));
  subprograms.underWay.delete(declaration);
  const finished = { declaration, bindings: [], movesPacket: false, timerMap: map };
  made.push({ ...finished, function: builder.finish() });
  return name;
}
