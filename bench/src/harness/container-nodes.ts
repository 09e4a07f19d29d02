/** Nodes as they are compared: one with Skep, one with the standard `bridge` plugin and iptables. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pluginText } from '@skep/cni';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { openNetworkNamespace } from '@skep/sys';
import { Containers, debianPlugins } from './containers.ts';
import { BenchDaemon } from './daemon.ts';
import { openPort443, otherRules } from './policies.ts';
import { iptablesRules, RivalNamespace } from './rivals.ts';

/** A network namespace that is a node, with a plugin that connects containers. */
export interface ContainerNode {
  /** As rows name it. */
  readonly name: string;
  /** Path of its network namespace. */
  readonly namespace: string;
  readonly containers: Containers;
  readonly close: () => Promise<void>;
}

const bridgePlugin = join(debianPlugins, 'bridge');

/** Whether the reference is installed. */
export function hasBridgePlugin(): boolean {
  return existsSync(bridgePlugin);
}

/**
 * A real `skep agent`, with `skep-cni` as a runtime would call it.
 *
 * @param rules of the receiver, one of which lets the sender in; 0: no policy at all
 */
export async function startSkepNode(
  rules: number,
  options: readonly string[] = [],
): Promise<ContainerNode> {
  const daemon = new BenchDaemon(['--pool', '10.1.0.0/16', ...options]);
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
    await daemon.start();
    if (rules > 0)
      await daemon.client.applyPolicies([openPort443, otherRules(rules - 1)].join('---'), 'bench');
  } catch (error) {
    await close();
    throw error;
  }
  return { name: `Skep, ${rules} rules`, namespace: node, containers, close };
}

/** So that several nodes of one process have names of their own. */
let bridges = 0;

/**
 * The `bridge` plugin with `host-local`. Where there are rules, what the bridge passes on goes
 * through iptables (br_netfilter), as Kubernetes asks for: flows that conntrack knows first, then
 * one rule after the other, the last of which lets containers in.
 *
 * @param rules 0: a plain bridge, which iptables does not see
 */
export function startBridgeNode(rules: number): ContainerNode {
  const prefix = `skep-bench-${process.pid}-bridge${bridges++}`;
  const namespace = `/run/netns/${prefix}`;
  const folder = mkdtempSync(join(tmpdir(), 'skep-bench-bridge-'));
  createNamespace(prefix);
  const configOf = (): object => {
    const range = { subnet: '10.1.0.0/16' };
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
  const close = async (): Promise<void> => {
    containers.close();
    deleteNamespace(prefix);
    rmSync(folder, { recursive: true });
  };
  const name = rules > 0 ? `bridge, iptables, ${rules} rules` : 'bridge';
  return { name, namespace, containers, close };
}

function addIptablesRules(namespace: string, count: number): void {
  const last = ['-s 10.1.0.0/16 -p tcp -m tcp --dport 443 -j ACCEPT'];
  const known = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
  const tools = new RivalNamespace(openNetworkNamespace(namespace));
  try {
    tools.run('iptables-legacy-restore', [], iptablesRules(count - 1, last, [known]));
  } finally {
    tools.close();
  }
}
