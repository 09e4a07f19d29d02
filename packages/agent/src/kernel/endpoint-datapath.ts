/**
 * Endpoints in the kernel: the programs that all of them share, and what is attached.
 *
 * ```
 * <folder>/links/<id>-ingress   what an endpoint sends (the host end's ingress), and
 * <folder>/links/<id>-egress    what it is to get
 * ```
 */
import { type Program, setProgram, type TcDirection } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import {
  DECIDED,
  decidedProgram,
  endpointPrograms,
  FormerSlot,
  type NodeConstants,
  policies,
  type ProgramRole,
} from '@skep/datapath';
import type { DeviceKind } from '../devices/device-kind.ts';
import type { Upgrade } from '../upgrade/upgrade.ts';
import {
  type AttachmentPlace,
  Attachments,
  type Interface,
  type ProgramIds,
  programIds,
} from './attachments.ts';
import type { PinnedTables } from './pinned-tables.ts';

/** What runs for all endpoints. */
interface NodePrograms {
  /** On what an endpoint sends, which is the ingress of the host's end. */
  readonly ingress: Program;
  readonly egress: Program;
  readonly decided: Program;
}

/** An endpoint and its interface. */
export interface Attachable {
  readonly id: number;
  readonly interfaceIndex: number;
  readonly deviceKind: DeviceKind;
}

/** What is needed of the datapath around it. */
export interface EndpointParts {
  readonly place: AttachmentPlace;
  readonly node: NodeConstants;
  readonly tables: PinnedTables;
  /** Loads a program on the tables. */
  readonly load: (object: ProgramObject) => Program;
}

const SLOTS = { ingress: FormerSlot.FromEndpoint, egress: FormerSlot.ToEndpoint } as const;
/** First what goes in: nothing is answered before it could be asked for. */
const DIRECTIONS = ['egress', 'ingress'] as const;

/** Loaded once for the node, attached to each endpoint. */
export class EndpointDatapath {
  readonly attachments: Attachments;
  /** Those that are attached now, and all that are loaded. */
  private programs!: NodePrograms;
  private ids!: ProgramIds;
  private readonly loaded = new Map<ProgramRole, NodePrograms>();

  constructor(private readonly parts: EndpointParts) {
    this.attachments = new Attachments(parts.place);
  }

  /**
   * Nothing takes the place of an old program before all have been accepted.
   *
   * @throws VerifierError, KernelError
   */
  load(role: ProgramRole): void {
    const { node, load } = this.parts;
    const programs: Partial<Record<keyof NodePrograms, Program>> = {};
    try {
      const { fromEndpoint, toEndpoint } = endpointPrograms(node, role);
      programs.ingress = load(fromEndpoint);
      programs.egress = load(toEndpoint);
      programs.decided = load(decidedProgram(node, role));
      this.loaded.set(role, programs as NodePrograms);
    } catch (error) {
      for (const program of Object.values(programs)) program.close();
      throw error;
    }
  }

  /** For all endpoints, also those that have others of this layout already. */
  use(role: ProgramRole): void {
    this.programs = this.loaded.get(role)!;
    this.ids = programIds(this.programs);
    setProgram(this.parts.tables.get(policies), DECIDED, this.programs.decided.fd);
    for (const direction of DIRECTIONS) {
      this.attachments.exchange(direction, this.programs[direction]);
    }
  }

  /** Attaches both programs, or puts them in the place of those that are there. */
  attach(endpoint: Attachable): void {
    for (const direction of DIRECTIONS) {
      this.attachments.attach(interfaceOf(endpoint), direction, this.programs[direction]);
    }
  }

  /** Before {@link attach}: which programs of another layout are attached now. */
  keepFormer(endpoints: readonly Attachable[], upgrade: Upgrade): void {
    for (const direction of DIRECTIONS) {
      if (upgrade.keeps(SLOTS[direction])) continue;
      const ids = endpoints.map((each) => this.attachments.programId(interfaceOf(each), direction));
      const programId = ids.find((each) => each !== undefined);
      if (programId !== undefined) upgrade.keep(SLOTS[direction], programId);
    }
  }

  /** Lets the attachments of an endpoint end; its device is gone, or about to go. */
  detach(id: number): void {
    this.attachments.forget(String(id));
  }

  /** Directions in which the program is not attached. */
  missing(endpoint: Attachable): TcDirection[] {
    return this.attachments.missing(interfaceOf(endpoint), this.ids);
  }

  /** Directions in which a program of an earlier agent is attached, too. */
  strays(endpoint: Attachable): TcDirection[] {
    return this.attachments.strays(interfaceOf(endpoint));
  }

  /** Takes those off. @throws KernelError */
  detachStrays(endpoint: Attachable): TcDirection[] {
    return this.attachments.detachStrays(interfaceOf(endpoint));
  }

  /** Lets go; everything pinned goes on working. */
  close(): void {
    this.attachments.close();
    for (const programs of this.loaded.values()) {
      for (const program of Object.values(programs) as Program[]) program.close();
    }
    this.loaded.clear();
  }
}

/** A netkit device runs its programs by itself. */
function interfaceOf({ id, interfaceIndex, deviceKind }: Attachable): Interface {
  const own = deviceKind === 'netkit' ? { mechanism: deviceKind } : {};
  return { name: String(id), ifindex: interfaceIndex, ...own };
}
