/** What runtimes know of the containers that endpoints belong to. */
import { DEFAULT_INTERFACE } from '../state/stored.ts';
import type { AttachmentKey, EndpointRequest } from '../views.ts';
import { ContainerdLabels } from './containerd-labels.ts';
import { type LabelSource, LateLabels, type Unlabelled } from './late-labels.ts';
import { PodmanLabels } from './podman-labels.ts';

/** Sockets of runtimes, whose containers' labels are endpoints' too. Default: none is asked. */
export interface RuntimeSockets {
  readonly containerdSocket?: string;
  readonly podmanSocket?: string;
}

/** A request whose endpoint gets its labels later: those of its network with its container's. */
export interface NewEndpoint extends EndpointRequest {
  readonly networkLabels?: Readonly<Record<string, string>>;
}

/** Nobody knows the labels of a container: it is of none of the runtimes that are asked. */
export class UnknownRuntimeError extends Error {
  readonly code = 'ERR_UNKNOWN_RUNTIME';

  constructor(containerId: string) {
    const found = `container ${containerId}: its name is none of containerd's`;
    super(`${found}, and its network gives it no labels (podman's? start the agent with --podman)`);
  }
}

/** For endpoints of an agent before, that had one. */
const NOBODY: LabelSource = {
  labelsOf: () => Promise.reject(new Error('the agent was started without --podman')),
};

/** All runtimes of the node. What a network says of its endpoints, no container says otherwise. */
export class ContainerLabels {
  private readonly containerd: ContainerdLabels | undefined;
  private readonly podman: PodmanLabels | undefined;
  private readonly late: LateLabels;

  constructor({ containerdSocket, podmanSocket }: RuntimeSockets, endpoints: Unlabelled) {
    this.containerd = containerdSocket ? new ContainerdLabels(containerdSocket) : undefined;
    this.podman = podmanSocket ? new PodmanLabels(podmanSocket) : undefined;
    this.late = new LateLabels(this.podman ?? NOBODY, endpoints);
  }

  /** What is wrong, for `status`. */
  get problems(): string[] {
    return this.late.problems;
  }

  /**
   * With what is known before the endpoint is made. A container whose labels its runtime does not
   * tell is not connected, or stays closed: a policy that is about them would not meet it. That of
   * a runtime that nobody asks has the labels of its network, and must have some.
   *
   * @throws ContainerdError, UnknownRuntimeError
   */
  async complete(request: EndpointRequest): Promise<NewEndpoint> {
    const { attachment, labels: own = {}, ...others } = request;
    if (!attachment) return request;
    const { containerId } = attachment;
    if (this.podman?.isNameOfPodman(containerId)) {
      return { ...others, attachment, networkLabels: own };
    }
    const found = await this.labelsInTime(containerId, own);
    return { ...others, attachment, labels: { ...found, ...own } };
  }

  private async labelsInTime(
    containerId: string,
    own: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    const { containerd } = this;
    if (!containerd) return {};
    if (containerd.isNameOfContainerd(containerId)) return await containerd.labelsOf(containerId);
    if (Object.keys(own).length > 0) return {};
    throw new UnknownRuntimeError(containerId);
  }

  /** Asks for what is not known yet. */
  follow(endpoint: NewEndpoint): void {
    const { attachment, interfaceName = DEFAULT_INTERFACE, networkLabels } = endpoint;
    if (!attachment || !networkLabels) return;
    const { network, containerId } = attachment;
    const key: AttachmentKey = { network, containerId, interfaceName };
    void this.late.follow(key);
  }

  /** Lets go of the runtimes. */
  close(): void {
    this.containerd?.close();
    this.late.close();
  }
}
