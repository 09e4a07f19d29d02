/** Packet tables on the machine, in the middle of an upgrade. */
import assert from 'node:assert/strict';
import type { MachineOptions, ProgramObject } from '@skep/bytecode';
import { compileProgram, FunctionBuilder } from '@skep/compiler';
import { Succession } from '@skep/contract';
import { codecOf, contextShapes, type MapDeclaration, u32 } from '@skep/ebpf';
import { DECIDED, former, FormerSlot, succession } from '../maps.ts';
import { decidedProgram, endpointPrograms } from '../programs.ts';
import { MachineEngine } from './machine-engine.ts';
import type { ProgramResult } from './program-engine.ts';
import { NODE } from './world.ts';

const ALONE = endpointPrograms(NODE);
const SUCCESSORS = endpointPrograms(NODE, 'successor');
const ROW = codecOf(u32).encode(0);
/** No result of a program of ours; one more from the hook on what an endpoint is to get. */
const FORMER_ACTION = 100;

/** Successors that have the last word: they must be as the programs that run alone. */
export class SuccessorEngine extends MachineEngine {
  constructor(options: MachineOptions = {}) {
    super(options);
    this.setPolicy(DECIDED, decidedProgram(NODE, 'successor'));
    this.update(succession, ROW, codecOf(u32).encode(Succession.Decides));
  }

  override run(program: ProgramObject, packet: Uint8Array): ProgramResult {
    const isFrom = program === ALONE.fromEndpoint;
    return super.run(isFrom ? SUCCESSORS.fromEndpoint : SUCCESSORS.toEndpoint, packet);
  }

  /** Programs of the layout before stand behind, and have the last word. */
  becomeShadow(): void {
    this.update(succession, ROW, codecOf(u32).encode(Succession.Shadow));
    this.setProgram(former, FormerSlot.FromEndpoint, constantProgram(FORMER_ACTION));
    this.setProgram(former, FormerSlot.ToEndpoint, constantProgram(FORMER_ACTION + 1));
  }
}

/** Programs that run alone, and successors that see the same packets in a shadow world. */
export class ShadowEngine extends MachineEngine {
  readonly shadow: SuccessorEngine;

  constructor(options: MachineOptions = {}) {
    super(options);
    this.shadow = new SuccessorEngine(options);
    this.shadow.becomeShadow();
  }

  override update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    super.update(map, key, value);
    this.shadow.update(map, key, value);
  }

  override delete(map: MapDeclaration, key: Uint8Array): void {
    super.delete(map, key);
    this.shadow.delete(map, key);
  }

  override setPolicy(slot: number, program: ProgramObject | null): void {
    super.setPolicy(slot, program);
    if (slot !== DECIDED) this.shadow?.setPolicy(slot, program);
  }

  override advanceSeconds(seconds: number): void {
    super.advanceSeconds(seconds);
    this.shadow.advanceSeconds(seconds);
  }

  /** The former programs get the packet as it came. */
  override run(program: ProgramObject, packet: Uint8Array): ProgramResult {
    const { action, packet: left } = this.shadow.run(program, packet.slice());
    const slot = program === ALONE.fromEndpoint ? 0 : 1;
    assert.equal(action, FORMER_ACTION + slot, 'the former program decides');
    assert.deepEqual(left, packet, 'the packet is as it came');
    return super.run(program, packet);
  }
}

/** A program that does nothing but return this. */
export function constantProgram(action: number): ProgramObject {
  const builder = new FunctionBuilder('skep_constant');
  builder.context();
  builder.return(builder.constant(action, 32));
  const { programType } = contextShapes.TcContext!;
  const functions = [builder.finish()];
  return compileProgram({ name: 'skep_constant', programType, license: 'GPL', functions });
}
