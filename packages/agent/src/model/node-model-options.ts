/** What a model of the node begins with. */
import type { SafePort } from '@skep/policy';
import type { GenerationNumber } from './generation.ts';
import type { InheritedPlaces, IpcacheRoom } from './ipcache.ts';

/** What an earlier agent on the same tables means for this one. */
export interface NodeModelOptions {
  /** A number that was never given before on these tables. */
  readonly nextRevision: () => number;
  /** The other one than the agent before had on these tables. Default: 0. */
  readonly generation?: GenerationNumber;
  /** What the agent before has left, until `dropInherited`. */
  readonly inherited?: InheritedPlaces;
  /** The node's labels, by which policies of nodes select it. Default: none. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  /** What those policies cannot close. Default: `DEFAULT_SAFE_PORTS`. */
  readonly safePorts?: readonly SafePort[];
  /** Default: what the tables have. */
  readonly room?: IpcacheRoom & { readonly selectorSets: number };
}
