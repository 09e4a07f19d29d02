/**
 * Flows of the node that are open before its first policy comes: written to conntrack as such, so
 * that each is decided by the rules at its next packet, in the direction in which it has begun.
 * Unknown, it would be dropped, whatever the rules say.
 */
import { Connection, ConnectionFlag, Tuple } from '@skep/contract';
import { connections, toWords } from '@skep/datapath';
import { codecOf } from '@skep/ebpf';
import type { RawTables } from '../tables/raw-tables.ts';
import type { NodeFlow } from './sockets.ts';

/** @param jiffies their low 32 bits, now */
export function writeKnownFlows(raw: RawTables, flows: readonly NodeFlow[], jiffies: number): void {
  for (const flow of flows) {
    const { key, isLocalFirst } = tupleOf(flow);
    const isInitiatorFirst = isLocalFirst !== flow.isIncoming;
    const flags = isInitiatorFirst ? ConnectionFlag.InitiatorIsFirst : 0;
    const value = codecOf(Connection).encode({
      ...SILENT,
      ...{ lastSeen: jiffies, lastReported: jiffies },
      flags: flags | ConnectionFlag.Answered,
    });
    raw.update(connections, key, value);
  }
}

/** Revisions that no rules ever had: the next packet is decided anew. */
const SILENT = {
  ...{ forwardPackets: 0n, forwardBytes: 0n, replyPackets: 0n, replyBytes: 0n },
  ...{ membershipRevision: 0, egressRevision: 0, ingressRevision: 0 },
  ...{ initiatorIdentity: 0, responderIdentity: 0 },
  ...{ egressEndpoint: 0, ingressEndpoint: 0, egressSubject: 0, ingressSubject: 0 },
  ...{ acknowledgment: 0, unreported: 0, reason: 0, tcpFlags: 0 },
};

/** The lower end first, as `orient` of the datapath has it. */
function tupleOf(flow: NodeFlow): { key: Uint8Array; isLocalFirst: boolean } {
  const [local, remote] = [toWords(flow.local), toWords(flow.remote)];
  const isLocalFirst =
    local.lower !== remote.lower ? local.lower < remote.lower : local.upper < remote.upper;
  const ends = [
    { address: local, port: flow.localPort },
    { address: remote, port: flow.remotePort },
  ] as const;
  const [first, second] = isLocalFirst ? ends : [ends[1], ends[0]];
  const key = codecOf(Tuple).encode({
    firstAddress: first.address,
    secondAddress: second.address,
    firstPort: first.port,
    secondPort: second.port,
    protocol: flow.protocol,
    padding: new Uint8Array(3),
  });
  return { key, isLocalFirst };
}
