/** Engines that run a program on a packet in memory: nothing is sent, the result says it all. */
import type { ProgramObject } from '@skep/bytecode';
import { TcAction } from '@skep/ebpf';
import { parseMac } from '@skep/wire';
import { endpointPrograms, uplinkPrograms } from '../programs.ts';
import type { Delivery, Engine, HookName, UplinkHookName } from './engine.ts';
import { moveTo, NODE, otherThan, type TrialEndpoint, UPLINK_TASKS } from './world.ts';

/** What a program made of one packet. */
export interface ProgramResult {
  /** A TC_ACT_* number. */
  readonly action: number;
  /** The packet as the program left it. */
  readonly packet: Uint8Array;
  /** Where to, as far as the engine can tell. */
  readonly redirect?: { readonly kind: 'redirect' | 'peer'; readonly interfaceIndex: number };
}

/** An engine whose programs can be run one by one. */
export interface ProgramEngine extends Engine {
  run(program: ProgramObject, packet: Uint8Array): ProgramResult;
}

const PROGRAMS = { ...endpointPrograms(NODE), ...uplinkPrograms(NODE, UPLINK_TASKS) };

/** Runs the hook on the endpoint that the engine was moved to. */
export function runHook(engine: ProgramEngine, hook: HookName, frame: Uint8Array): ProgramResult {
  return engine.run(hook === 'from' ? PROGRAMS.fromEndpoint : PROGRAMS.toEndpoint, frame);
}

/**
 * What the kernel does with the program's result. An answer leaves by the interface that the
 * question came from, so it goes through the hook on the way to the endpoint, too.
 */
export function carryByProgram(
  engine: ProgramEngine,
  hook: HookName,
  endpoint: TrialEndpoint,
  frame: Uint8Array,
): Delivery {
  moveTo(engine, endpoint);
  const { action, packet, redirect } = runHook(engine, hook, frame);
  if (action === TcAction.Drop) return { fate: 'drop' };
  if (action === TcAction.Pass) return { fate: 'pass', packet };
  if (action !== TcAction.Redirect) return { fate: `action ${action}` };
  // The kernel's test run does not say where to.
  const isAnswer = redirect ? redirect.kind === 'redirect' : isFor(packet, endpoint);
  if (!isAnswer) {
    const expected = otherThan(endpoint).interfaceIndex;
    const found = redirect?.interfaceIndex ?? expected;
    return { fate: found === expected ? 'to peer' : `to peer of interface ${found}`, packet };
  }
  const way = runHook(engine, 'to', packet);
  if (way.action !== TcAction.Pass) return { fate: 'an answer that does not reach the endpoint' };
  return { fate: 'answer', packet: way.packet };
}

/** At the uplink a packet goes on or is dropped: there is no third way. */
export function carryAtUplinkByProgram(
  engine: ProgramEngine,
  hook: UplinkHookName,
  frame: Uint8Array,
): Delivery {
  const program = hook === 'to network' ? PROGRAMS.toNetwork : PROGRAMS.fromNetwork;
  const { action, packet } = engine.run(program, frame);
  if (action === TcAction.Drop) return { fate: 'drop' };
  return action === TcAction.Next ? { fate: 'pass', packet } : { fate: `action ${action}` };
}

function isFor(packet: Uint8Array, endpoint: TrialEndpoint): boolean {
  return Buffer.compare(packet.subarray(0, 6), parseMac(endpoint.mac)) === 0;
}
