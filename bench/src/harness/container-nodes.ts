/** Nodes that are compared: one with Skep, one with the standard `bridge` plugin and iptables. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canUseBpf } from '@skep/bpf';
import { pluginText } from '@skep/cni';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { namePrefix } from './leftovers.ts';
import { openNetworkNamespace } from '@skep/sys';
import { Containers, debianPlugins } from './containers.ts';
import { BenchDaemon } from './daemon.ts';
import type { Outside } from './outside.ts';
import { openPort443, otherRules } from './policies.ts';
import { hasTool, iptablesRules, RivalNamespace } from './rivals.ts';
import { missingTrafficTool } from './ways.ts';

/** A network namespace that is a node, with a plugin that connects containers. */
export interface ContainerNode {
  /** As rows name it. */
  readonly name: string;
  /** Path of its network namespace. */
  readonly namespace: string;
  readonly containers: Containers;
  readonly close: () => Promise<void>;
}

/** Of containers. */
const pool = '10.1.0.0/16';
const bridgePlugin = join(debianPlugins, 'bridge');

/** Why this machine cannot compare such nodes; `undefined` where it can. */
export function whatIsMissing(): string | undefined {
  const reason = canUseBpf();
  if (reason !== undefined) return reason;
  if (!existsSync(bridgePlugin))
    return `${bridgePlugin} is not there (containernetworking-plugins)`;
  if (!hasTool('iptables-legacy')) return 'iptables-legacy is not installed';
  return missingTrafficTool();
}

/** What a node is to have. */
export interface NodeOptions {
  /** Of the receiver, one of which lets the sender in; 0: no policy at all. */
  readonly rules?: number;
  /** A way out, under the node's address. */
  readonly outside?: Outside;
}

/** A real `skep agent`, with `skep-cni` as a runtime would call it. */
export async function startSkepNode({ rules = 0, outside }: NodeOptions): Promise<ContainerNode> {
  const daemon = new BenchDaemon([...['--pool', pool], ...(outside ? ['--masquerade'] : [])]);
  const folder = mkdtempSync(join(tmpdir(), 'skep-bench-cni-'));
  const path = join(folder, 'skep-cni');
  writeFileSync(path, pluginText(process.execPath));
  chmodSync(path, 0o755);
  const configOf = (app: string): object => {
    const more = { socket: daemon.socketPath, namespace: 'bench', labels: { app } };
    return { cniVersion: '1.0.0', name: 'bench', type: 'skep-cni', ...more };
  };
  const node = daemon.namespacePath;
  const containers = new Containers({ path, node, configOf }, `${daemon.prefix}-container`);
  const close = async (): Promise<void> => {
    containers.close();
    await daemon.close();
    rmSync(folder, { recursive: true });
  };
  try {
    outside?.connect(node);
    await daemon.start();
    if (rules > 0)
      await daemon.client.applyPolicies([openPort443, otherRules(rules - 1)].join('---'), 'bench');
  } catch (error) {
    await close();
    throw error;
  }
  const name = outside ? 'Skep' : `Skep, ${rules} rules`;
  return { name, namespace: node, containers, close };
}

/** So that several nodes of one process have names of their own. */
let bridges = 0;

/**
 * The `bridge` plugin with `host-local`. Where there are rules, what the bridge passes on goes
 * through iptables (br_netfilter), as Kubernetes asks for: flows that conntrack knows first, then
 * one rule after the other, the last of which lets containers in.
 * Without rules it is a plain bridge, which iptables does not see; a way out is masqueraded by one
 * rule, as the plugin's `ipMasq` makes it.
 */
export function startBridgeNode({ rules = 0, outside }: NodeOptions): ContainerNode {
  const prefix = `${namePrefix()}bridge${bridges++}`;
  const namespace = `/run/netns/${prefix}`;
  const folder = mkdtempSync(join(tmpdir(), 'skep-bench-bridge-'));
  createNamespace(prefix);
  const configOf = (): object => {
    const range = { subnet: pool };
    const ipam = { type: 'host-local', dataDir: folder, ranges: [[range]] };
    const more = { bridge: 'cni0', isGateway: true, isDefaultGateway: true, ipam };
    return { cniVersion: '1.0.0', name: 'bench', type: 'bridge', ...more };
  };
  const containers = new Containers(
    { path: bridgePlugin, node: namespace, configOf },
    `${prefix}-container`,
  );
  const network = new Network(namespace);
  network.links.set('lo', { isUp: true });
  network.settings.setForwarding(4, true);
  network.settings.write('bridge/bridge-nf-call-iptables', rules > 0 ? '1' : '0');
  network.close();
  if (rules > 0) addIptablesRules(namespace, rules);
  outside?.connect(namespace);
  if (outside) masquerade(namespace);
  const close = async (): Promise<void> => {
    containers.close();
    deleteNamespace(prefix);
    rmSync(folder, { recursive: true });
  };
  const name = nameOf(rules, outside);
  return { name, namespace, containers, close };
}

function nameOf(rules: number, outside: Outside | undefined): string {
  if (outside) return 'bridge, iptables MASQUERADE';
  return rules > 0 ? `bridge, iptables, ${rules} rules` : 'bridge';
}

function addIptablesRules(namespace: string, count: number): void {
  const last = [`-s ${pool} -p tcp -m tcp --dport 443 -j ACCEPT`];
  const known = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
  restore(namespace, iptablesRules(count - 1, last, [known]));
}

function masquerade(namespace: string): void {
  const rule = `-A POSTROUTING -s ${pool} ! -d ${pool} -j MASQUERADE`;
  restore(namespace, `*nat\n${rule}\nCOMMIT\n`);
}

function restore(namespace: string, text: string): void {
  const tools = new RivalNamespace(openNetworkNamespace(namespace));
  try {
    tools.run('iptables-legacy-restore', [], text);
  } finally {
    tools.close();
  }
}
