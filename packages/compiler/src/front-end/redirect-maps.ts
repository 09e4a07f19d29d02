/** Maps that XDP sends packets to: one helper for all of them. */
import type { MapCall, MapMethods } from './map-call.ts';
import { emit, flags, helper, integer, status } from './map-call.ts';
import type { Result } from './result.ts';

const redirectMap = helper(51, 'redirect_map');

/** The action for a key without entry is in the low bits of the flags. */
function redirect(call: MapCall): Result {
  const key = integer(call, 0, 'key');
  return status(call, emit(call, redirectMap, [call.map, key, flags(call, 1)]));
}

function broadcast(call: MapCall): Result {
  const { state, map } = call;
  const to = integer(call, 0, 'to');
  return status(call, emit(call, redirectMap, [map, state.builder.constant(0, 64), to]));
}

/** Methods by kinds of maps. */
export const redirectMethods: Readonly<Record<string, MapMethods>> = {
  deviceMap: { redirect, broadcast },
  deviceHash: { redirect, broadcast },
  cpuMap: { redirect },
  xskMap: { redirect },
};
