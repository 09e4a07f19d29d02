/** Brings the datapath's records to the flow log as they come. */
import type { RingBufferReader } from '@skep/bpf';
import { DatapathEvent } from '@skep/contract';
import { codecOf, type Decoded } from '@skep/ebpf';
import type { NodeModel } from '../model/node-model.ts';
import type { FlowView } from '../views.ts';
import type { FlowLog } from './flow-log.ts';
import { toFlow } from './to-flow.ts';

/** A packet that wakes the agent pays some microseconds: at most one in so long does. */
const REST_MILLISECONDS = 20;
const NANOSECONDS = 1_000_000n;
const codec = codecOf(DatapathEvent);

/** Reads records as long as it is open; watching alone does not keep the process alive. */
export class EventPump {
  /** Records that could not be read. */
  misread = 0;
  private readonly clock = new WallClock();

  constructor(
    private readonly reader: RingBufferReader,
    private readonly model: NodeModel,
    private readonly flows: FlowLog,
    /** Told once when records can no longer be read: flows are not seen any more then. */
    onFailure: (error: unknown) => void,
    /** Told of each flow, with the record that it was made of. */
    private readonly onFlow: (event: Decoded<DatapathEvent>, flow: FlowView) => void = () => {},
  ) {
    const options = { restMilliseconds: REST_MILLISECONDS };
    const watch = reader.watch((record) => this.push(record), onFailure, options);
    watch.unref();
  }

  /** One record, as the datapath has written it. */
  push(record: Uint8Array): void {
    try {
      const event = codec.decode(record);
      const flow = toFlow(event, this.model, this.clock.at(event.timeNanoseconds));
      this.flows.push(flow);
      this.onFlow(event, flow);
    } catch {
      // A record that means nothing, such as one of another build, does not end the others.
      this.misread++;
    }
  }

  /** For who asks what has been: records that have come while the pump rests. */
  readWaiting(): void {
    this.reader.drain((record) => this.push(record));
  }

  close(): void {
    this.reader.close();
  }
}

/**
 * When something was by the kernel's monotonic clock, which is node's own, in the format of ISO
 * 8601. Programs read the time of the last tick: many records in a row have the same.
 */
class WallClock {
  private nanoseconds: bigint | undefined;
  private text = '';

  at(nanoseconds: bigint): string {
    if (nanoseconds === this.nanoseconds) return this.text;
    const age = (process.hrtime.bigint() - nanoseconds) / NANOSECONDS;
    this.nanoseconds = nanoseconds;
    this.text = new Date(Date.now() - Number(age)).toISOString();
    return this.text;
  }
}
