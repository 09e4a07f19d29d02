/** What comes in at an uplink while masqueraded flows are carried over from other tables. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProgramObject } from '@skep/bytecode';
import { TcpFlag } from '@skep/wire';
import { former, FormerSlot } from './maps.ts';
import { uplinkPrograms } from './programs.ts';
import { MachineEngine } from './trial/machine-engine.ts';
import { leaving, returning, tcp } from './trial/packet-case.ts';
import { endpointTables, packetTables } from './trial/packet-tables.ts';
import type { ProgramResult } from './trial/program-engine.ts';
import { runCase } from './trial/run-case.ts';
import { constantProgram } from './trial/successor-engine.ts';
import {
  ANNA,
  MASQUERADE_PORT,
  NODE,
  NODE_ADDRESS,
  setUp,
  setUpUplink,
  UPLINK_ADDRESS,
  UPLINK_TASKS,
  WORLD_ADDRESS,
} from './trial/world.ts';

const ALONE = uplinkPrograms(NODE, UPLINK_TASKS);
const RECALLING = uplinkPrograms(NODE, { ...UPLINK_TASKS, recallsFormer: 1 });
/** No result of a program of ours. */
const FORMER_ACTION = 100;
const { SYN, ACK } = TcpFlag;

class RecallingEngine extends MachineEngine {
  override run(program: ProgramObject, packet: Uint8Array): ProgramResult {
    return super.run(program === ALONE.fromNetwork ? RECALLING.fromNetwork : program, packet);
  }
}

for (const [name, cases] of Object.entries(packetTables)) {
  if (name in endpointTables) continue;
  describe(`${name}: where no program was before, nothing is otherwise`, () => {
    for (const row of cases) test(row.sentence, () => runCase(new RecallingEngine(), row));
  });
}

describe('the program before is asked', () => {
  const engine = new RecallingEngine();
  setUp(engine);
  setUpUplink(engine, 4);
  engine.setProgram(former, FormerSlot.FromNetwork, constantProgram(FORMER_ACTION));
  const fate = (source: string, destination: string, port: number): string => {
    const answer = returning(source, destination, tcp(80, port, SYN | ACK));
    return engine.carryAtUplink('from network', answer).fate;
  };

  test('about an answer to a port of masquerade that nobody here has', () => {
    const last = MASQUERADE_PORT + 3;
    assert.equal(fate(WORLD_ADDRESS, UPLINK_ADDRESS, MASQUERADE_PORT), `action ${FORMER_ACTION}`);
    assert.equal(fate(WORLD_ADDRESS, UPLINK_ADDRESS, last), `action ${FORMER_ACTION}`);
  });

  test('about nothing else: other ports, other addresses, a flow that is known', () => {
    for (const port of [MASQUERADE_PORT - 1, MASQUERADE_PORT + 4, 22]) {
      assert.notEqual(fate(WORLD_ADDRESS, UPLINK_ADDRESS, port), `action ${FORMER_ACTION}`);
    }
    for (const address of [ANNA.ipv4, NODE_ADDRESS]) {
      assert.notEqual(fate(WORLD_ADDRESS, address, MASQUERADE_PORT), `action ${FORMER_ACTION}`);
    }
    const sent = leaving(ANNA.ipv4, WORLD_ADDRESS, tcp(40_000, 80, SYN));
    const { packet } = engine.carryAtUplink('to network', sent);
    const port = new DataView(packet!.buffer, packet!.byteOffset).getUint16(34);
    assert.equal(fate(WORLD_ADDRESS, UPLINK_ADDRESS, port), 'pass');
  });
});
