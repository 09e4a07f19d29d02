/**
 * What the agent says of itself, as JSON: the one definition of what its API, the CLI and the lab
 * exchange. Addresses and prefixes are text; times are ISO 8601 in UTC.
 */
import type { DeviceKind } from './devices/device-kind.ts';

/** A transport protocol, by its name in policies. */
export type TransportName = 'TCP' | 'UDP' | 'SCTP';

/** A port that policy may name; `port` is 1 to 65535. */
export interface NamedPortView {
  readonly name: string;
  readonly protocol: TransportName;
  readonly port: number;
}

/**
 * The container that an endpoint's interface is in, where a container runtime asked for it; in the
 * words of the CNI specification. Container and interface together are of one endpoint, and so of
 * one network.
 */
export interface Attachment {
  /** Name of the network configuration. */
  readonly network: string;
  readonly containerId: string;
  /** Of its Kubernetes pod. */
  readonly podUid?: string;
}

/** Which attachment: the network, the container, and the interface inside. */
export interface AttachmentKey {
  /** Absent: whichever it is, as plugins of earlier builds ask. */
  readonly network?: string;
  readonly containerId: string;
  readonly interfaceName: string;
}

/** What is asked for when an endpoint is to be made. */
export interface EndpointRequest {
  readonly name: string;
  readonly namespace: string;
  /**
   * Absent while they are not known: the endpoint has the identity `init` then, which is closed but
   * for rules about it.
   */
  readonly labels?: Readonly<Record<string, string>>;
  /** Labels of its namespace. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly ipv4?: string;
  readonly ipv6?: string;
  /**
   * Whether it is given an address of each family that the agent has a pool for, where it brings
   * none of its own.
   */
  readonly wantsAddresses?: boolean;
  /** Of its end of the device. Default: made of its id. */
  readonly mac?: string;
  /** Path of its network namespace, such as `/run/netns/NAME`. */
  readonly networkNamespace: string;
  /** Of the interface inside. Default: `eth0`. */
  readonly interfaceName?: string;
  readonly namedPorts?: readonly NamedPortView[];
  readonly attachment?: Attachment;
}

/** `creating`: not open for traffic yet. `removing`: closed already. */
export type EndpointState = 'creating' | 'ready' | 'removing';

/** An endpoint as it is: what was asked for, and what the agent has given it. */
export interface EndpointView extends EndpointRequest {
  readonly id: number;
  /** Labels of its network, which it gets with its container's, while these are not known. */
  readonly networkLabels?: Readonly<Record<string, string>>;
  readonly state: EndpointState;
  readonly identity: number;
  readonly mac: string;
  /** Of both ends of its device; the kernel's default where absent. */
  readonly mtuBytes?: number;
  /** Of the gateway, which is every endpoint's next hop. */
  readonly gateway: { readonly ipv4: string; readonly ipv6: string };
  /** Of the host's end of its device. */
  readonly hostInterface: string;
  readonly deviceKind: DeviceKind;
  /** Whether policy is enforced: traffic that no rule allows is dropped. */
  readonly isIngressEnforced: boolean;
  readonly isEgressEnforced: boolean;
}

/** What an attachment has of what it should have. */
export interface AttachmentCheck {
  readonly endpoint: EndpointView;
  /** What is missing or not as it was made; empty when all is well. */
  readonly problems: readonly string[];
}

/** Addresses of one family that the agent gives. */
export interface PoolView {
  readonly family: string;
  readonly ranges: readonly string[];
  /** How many there are; text, for a number of JSON is not that exact. */
  readonly addresses: string;
  /** By endpoints. */
  readonly taken: number;
  /** Given back too short a time ago to be given again. */
  readonly cooling: number;
  /** None can be given now; the node itself may have some. */
  readonly isUsedUp: boolean;
}

/** An identity that endpoints of this node have, or a reserved one. */
export interface IdentityView {
  readonly number: number;
  /** `source:key=value`, sorted. */
  readonly labels: readonly string[];
  /** How many endpoints of this node have it. */
  readonly endpoints: number;
  /** How many addresses and prefixes of the ipcache have it. */
  readonly places: number;
  /** What a reserved one stands for. */
  readonly meaning?: string;
}

/** What one address or prefix stands for. */
export interface IpcacheView {
  readonly prefix: string;
  readonly identity: number;
  /** `namespace/name` of the local endpoint, `host`, or `world`. */
  readonly owner: string;
}

/** A policy document in force. */
export interface PolicyView {
  /** `kind/namespace/name`. */
  readonly key: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly rules: number;
  /** `namespace/name` of the endpoints that it is about, and `host` where it is about the node. */
  readonly endpoints: readonly string[];
}

/** Whether a change of policy has to be confirmed. */
export interface ChangeOptions {
  /** It goes back by itself unless it is confirmed within so many seconds. */
  readonly confirmWithinSeconds?: number | undefined;
  /** It needs no confirmation, also where it is about the node itself. */
  readonly isUnconfirmed?: boolean | undefined;
}

/** A change that waits to be confirmed, and goes back otherwise. */
export interface PendingView {
  /** Keys of what was added, replaced or deleted. */
  readonly keys: readonly string[];
  readonly until: string;
  readonly secondsLeft: number;
  /** Whether they are as before, and select this node by other labels. */
  readonly isOfLabels?: true;
}

/** What a change of policy did; it is in force when this is told. */
export interface PolicyResult {
  /** Keys of what was added or replaced, or deleted. */
  readonly changed: readonly string[];
  readonly revision: number;
  readonly milliseconds: number;
  /** Absent where nothing waits to be confirmed. */
  readonly pending?: PendingView;
  /** What was applied and closes nothing, as `what is wrong (what to do)`. Absent: nothing. */
  readonly warnings?: readonly string[];
}

/** The question of `skep explain`: names are `namespace/name` or addresses. */
export interface ExplainRequest {
  readonly from: string;
  readonly to: string;
  /**
   * A number, or the name of a port of `to`; of ICMP a type, by number or by its name in policies
   * (an echo request where it is absent).
   */
  readonly port?: string;
  readonly protocol: TransportName | 'ICMP' | 'ICMPv6';
}

/** How policy of one end decides, why, and what would make it decide otherwise. */
export interface ExplainSideView {
  readonly verdict: 'allow' | 'deny';
  readonly text: string;
  /** Names of the rules that decided, with `file:line`. */
  readonly rules: readonly string[];
  readonly wouldChange: readonly string[];
}

/** The answer of `skep explain`: a side that has no endpoint here, and so no policy, is absent. */
export interface ExplainView {
  readonly verdict: 'allow' | 'deny';
  readonly egress?: ExplainSideView;
  readonly ingress?: ExplainSideView;
  /** Why no side was asked. */
  readonly text?: string;
}

/** One end of a flow. */
export interface FlowEndView {
  readonly address: string;
  /** Absent where the protocol has none. */
  readonly port?: number;
  readonly identity: number;
  /** `namespace/name`, `host`, or `world`. */
  readonly name: string;
}

/** What became of a flow's packets. */
export type FlowVerdict = 'forwarded' | 'dropped';

/**
 * One record of `skep observe`. It stands for `count` packets. Of a frame that was dropped before
 * its IP header was read, addresses and protocol are empty, and one end alone has a name: that of
 * who sent it, or was to get it (`unknown` where that is no endpoint any more).
 */
export interface FlowView {
  readonly time: string;
  readonly verdict: FlowVerdict;
  /** Name of the drop reason, of a drop. */
  readonly reason?: string;
  readonly source: FlowEndView;
  readonly destination: FlowEndView;
  /** `TCP`, `UDP`, `SCTP`, `ICMP`, `ICMPv6`, or the number. */
  readonly protocol: string;
  /** Such as `SYN ACK`; absent where the protocol is not TCP. */
  readonly tcpFlags?: string;
  readonly isReply: boolean;
  readonly isNew: boolean;
  /** Relative to the endpoint whose policy decided; absent where none did. */
  readonly direction?: 'ingress' | 'egress';
  /** Names of the rules that decided; empty where none did. */
  readonly rules: readonly string[];
  readonly lengthBytes: number;
  readonly count: number;
}

/** Which flows are wanted; what is absent does not matter. */
export interface FlowFilter {
  /** `namespace/name` or `name`: either end. */
  readonly endpoint?: string;
  readonly verdict?: FlowVerdict;
  /** Either end's. */
  readonly port?: number;
  readonly protocol?: string;
}

/** How full one table of the datapath is. */
export interface TableUseView {
  /** As the kernel shows it. */
  readonly name: string;
  readonly used: number;
  readonly capacity: number;
  /** Whether the least recently used entry gives way when it is full. */
  readonly isEvicting: boolean;
}

/** Whether traffic is decided as it should be. */
export interface HealthView {
  readonly isHealthy: boolean;
  /** What is wrong and what to do about it. */
  readonly problems: readonly string[];
}

/** An address and a port; of an ICMP echo its identifier. */
export interface AddressPortView {
  readonly address: string;
  readonly port: number;
}

/** A flow to the world that has a port of the node. */
export interface TranslationView {
  /** `namespace/name`, or `host` where the node's own flow has yielded its port. */
  readonly endpoint: string;
  readonly protocol: string;
  readonly source: AddressPortView;
  /** What the world sees in its place. */
  readonly masquerade: AddressPortView;
  /** An echo has no port there: 0. */
  readonly destination: AddressPortView;
  /** `new`: gives way where ports are scarce. */
  readonly state: 'new' | 'established' | 'closing';
}

/** Who has how many ports. */
export interface TopTalkerView {
  readonly name: string;
  readonly ports: number;
}

/** How masquerade is. */
export interface MasqueradeView {
  readonly uplinks: readonly {
    readonly name: string;
    readonly ipv4?: string;
    readonly ipv6?: string;
  }[];
  /** Those that each destination has. */
  readonly ports: { readonly first: number; readonly last: number };
  readonly flows: number;
  /** How full the tables are, 0 to 1. */
  readonly pressure: { readonly established: number; readonly new: number };
  readonly topEndpoints: readonly TopTalkerView[];
  readonly topDestinations: readonly TopTalkerView[];
}

/** Where an agent keeps things: absolute paths. */
export interface PlacesView {
  readonly state: string;
  readonly bpffs: string;
  /** The node's network namespace as the kernel names it, such as `net:[4026531840]`. */
  readonly namespace: string;
}

/** The node itself, as policies see it. */
export interface NodeView {
  /** Absent where an older build answers. */
  readonly places?: PlacesView;
  /** `source:key=value`, sorted. */
  readonly labels: readonly string[];
  /** Whether traffic of the node that no rule allows is dropped. */
  readonly isIngressEnforced: boolean;
  readonly isEgressEnforced: boolean;
  /** Interfaces at which its rules decide; empty where it has none. */
  readonly guardedInterfaces: readonly string[];
  /** What no policy closes, such as `ingress TCP 22`. */
  readonly safePorts: readonly string[];
}

/** How the agent and its datapath are. */
export interface StatusView {
  readonly version: string;
  readonly isReady: boolean;
  readonly startedAt: string;
  readonly kernel: string;
  /** How the programs are attached. */
  readonly attachment: 'tcx' | 'cls_bpf';
  /** What new endpoints get. */
  readonly deviceKind: DeviceKind;
  readonly endpoints: number;
  readonly identities: number;
  /** The reserved identities, in use or not. */
  readonly reserved: readonly IdentityView[];
  readonly policies: number;
  readonly revision: number;
  readonly forwardedPackets: number;
  /** Packets by the name of the reason. */
  readonly droppedPackets: Readonly<Record<string, number>>;
  /** Events that found no room since the agent started, and those that node could not keep. */
  readonly lostEvents: number;
  readonly memoryBytes: number;
  /** Every table that can be full. */
  readonly tables: readonly TableUseView[];
  /** Addresses that the agent gives, by family. */
  readonly pools: readonly PoolView[];
  /** Interfaces of the default routes: where the world is. */
  readonly uplinks: readonly string[];
  readonly node: NodeView;
  /** A change of policy that goes back by itself unless it is confirmed. */
  readonly pendingPolicies?: PendingView;
  /** Absent where it is off. */
  readonly masquerade?: MasqueradeView;
  /** What is wrong and what to do about it; empty when all is well. */
  readonly problems: readonly string[];
}

/** How the API says that something did not work. */
export interface ErrorView {
  readonly code: string;
  readonly message: string;
  readonly advice?: string;
}
