/** What the datapath tells of packets, on its way to the flow log and to the counts of rules. */
import type { Node } from '../node/node.ts';
import type { RuleCounts } from '../telemetry/rule-counts.ts';
import { DeniedRepeats } from './denied-repeats.ts';
import { EventPump } from './event-pump.ts';
import type { FlowLog } from './flow-log.ts';

/** Begins at once; watching alone does not keep the process alive. */
export class FlowWatch {
  private readonly repeats: DeniedRepeats;
  private readonly pump: EventPump;

  /** @param records of the layout before, that nobody has read */
  constructor(
    { kernel, model, problems }: Pick<Node, 'kernel' | 'model' | 'problems'>,
    flows: FlowLog,
    counts: RuleCounts,
    records: readonly Uint8Array[],
  ) {
    const repeats = new DeniedRepeats(kernel, model, counts);
    const failing = (what: string) => (error: unknown) => {
      problems.push(`${what} any more: ${String(error)} (restart the agent)`);
    };
    const onFlow = repeats.add.bind(repeats);
    const onFailure = failing('flows are not seen');
    const pump = new EventPump(kernel.openEvents(), model, flows, onFailure, onFlow);
    for (const record of records) pump.push(record);
    repeats.follow(() => pump.readWaiting(), failing('repeats of denied flows are not counted'));
    this.repeats = repeats;
    this.pump = pump;
  }

  /** Records that could not be read. */
  get misread(): number {
    return this.pump.misread;
  }

  /** By who and what is there now: before somebody asks for flows, and before it changes. */
  settle(): void {
    this.repeats.settle();
  }

  close(): void {
    this.repeats.close();
    this.pump.close();
  }
}
