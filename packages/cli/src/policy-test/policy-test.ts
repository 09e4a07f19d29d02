/** A policy test that makes sense: every name is known, every probe has addresses and a port. */
import type { Exchange, NewEndpoint, OutsideHost, SimulatedHost } from '@skep/lab';
import type { PathStep, SourcePosition } from '@skep/policy';

/** Text of policies, and the file that its lines are lines of. */
export interface PolicyText {
  readonly file: string;
  readonly text: string;
}

/** One probe, and the exchange that it is over each of its families. */
export interface TestProbe {
  readonly path: readonly PathStep[];
  readonly position: SourcePosition;
  readonly from: string;
  readonly to: string;
  /** Such as `TCP rest (8000)`, `ICMP EchoRequest`. */
  readonly question: string;
  readonly expect: 'allow' | 'deny';
  readonly exchanges: readonly Exchange[];
}

/** What is changed, in this order, and what is asked then. */
export interface TestStage {
  /** Name of the step; empty for the file's own probes. */
  readonly name: string;
  readonly remove: readonly string[];
  readonly add: readonly NewEndpoint[];
  readonly relabel: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly apply: readonly PolicyText[];
  readonly delete: readonly string[];
  readonly probes: readonly TestProbe[];
}

/** One test file. The first stage is what the file begins with. */
export interface PolicyTest {
  readonly file: string;
  readonly name: string;
  readonly outside: readonly OutsideHost[];
  /** The node, where it may be an end of probes. */
  readonly host?: SimulatedHost;
  readonly stages: readonly TestStage[];
}
