/** All helpers of the machine, by the kernel's numbers; the tail call is a step of its own. */
import { queueHelpers } from '../maps/queue-helpers.ts';
import { checksumHelpers } from './checksum.ts';
import type { MachineHelper } from './helper.ts';
import { lockHelpers } from './locks.ts';
import { loopHelpers } from './loops.ts';
import { mapHelpers } from './maps.ts';
import { packetHelpers } from './packet.ts';
import { systemHelpers } from './system.ts';
import { traceHelpers } from './trace.ts';

/** By number. */
export const machineHelpers: ReadonlyMap<number, MachineHelper> = new Map([
  ...mapHelpers,
  ...systemHelpers,
  ...packetHelpers,
  ...checksumHelpers,
  ...loopHelpers,
  ...lockHelpers,
  ...traceHelpers,
  ...queueHelpers,
]);
