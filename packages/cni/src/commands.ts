/** What each command of the specification does. */
import type { AttachmentKey } from '@skep/agent';
import { CniError, CniErrorCode } from './cni-error.ts';
import { dnsOf, endpointRequest } from './endpoint-request.ts';
import type { Environment } from './environment.ts';
import type { NetworkConfig } from './network-config.ts';
import { askAgent } from './patient-agent.ts';
import { compareResult, makeResult, type ResultRequest } from './result.ts';
import { type CniVersion, isAtLeast } from './versions.ts';

/** Does it. @returns what is printed, `undefined` for nothing. @throws CniError */
export type Command = (environment: Environment, config: NetworkConfig) => Promise<unknown>;

/** STATUS is asked often, by those who do not want to wait. */
const STATUS_WAIT_SECONDS = 2;

const add: Command = async (environment, config) => {
  const request = endpointRequest(environment, config);
  const endpoint = await askAgent(config, (agent, isRetry) => agent.addEndpoint(request, isRetry));
  return makeResult(endpoint, resultRequest(environment, config));
};

/** What the agent does not know is gone already: no error. */
const remove: Command = async (environment, config) => {
  const key = attachmentKey(environment, config);
  await askAgent(config, (agent) => agent.removeAttachment(key));
  return undefined;
};

const check: Command = async (environment, config) => {
  const { containerId, networkNamespace } = environment;
  if (!config.prevResult) {
    throw new CniError(CniErrorCode.InvalidConfig, 'prevResult: missing, CHECK needs it');
  }
  const { endpoint, problems } = await askAgent(config, (agent) =>
    agent.checkAttachment(attachmentKey(environment, config), networkNamespace),
  );
  const all = [...problems, ...compareResult(endpoint, resultRequest(environment, config))];
  if (all.length === 0) return undefined;
  const message = `container ${containerId} is not connected as it was: ${all[0]}`;
  throw new CniError(CniErrorCode.NotAsMade, message, all.join('; '));
};

const collectGarbage: Command = async (_environment, config) => {
  const { name, validAttachments } = config;
  if (!validAttachments) {
    const message = 'cni.dev/valid-attachments: missing, GC needs it';
    throw new CniError(CniErrorCode.InvalidConfig, message);
  }
  const valid = validAttachments.map(({ containerID, ifname }) => {
    return { containerId: containerID, interfaceName: ifname };
  });
  await askAgent(config, (agent) => agent.removeUnlisted(name, valid));
  return undefined;
};

const status: Command = async (_environment, { socket }) => {
  const patience = { socket, waitSeconds: STATUS_WAIT_SECONDS };
  const pools = await askAgent(patience, (agent) => agent.listPools()).catch((error: CniError) => {
    throw new CniError(CniErrorCode.NotAvailable, error.message, error.details);
  });
  const full = pools.find(({ isUsedUp }) => isUsedUp);
  if (full) {
    const message = `${full.family} pool ${full.ranges.join(', ')}: no address is free`;
    throw new CniError(CniErrorCode.NotAvailable, message, 'give the agent one more --pool');
  }
  return undefined;
};

/** The commands that need a configuration, each with the version that brought it. */
export const COMMANDS: Readonly<
  Record<string, { readonly since: CniVersion; readonly run: Command }>
> = {
  ADD: { since: '0.3.1', run: add },
  DEL: { since: '0.3.1', run: remove },
  CHECK: { since: '0.4.0', run: check },
  GC: { since: '1.1.0', run: collectGarbage },
  STATUS: { since: '1.1.0', run: status },
};

/** @throws CniError where the version of the configuration does not have the command */
export function commandOf({ command }: Environment, { cniVersion }: NetworkConfig): Command {
  const known = COMMANDS[command];
  if (known && isAtLeast(cniVersion, known.since)) return known.run;
  const message = `${command}: not in cniVersion ${cniVersion}`;
  const details = `it came with ${known?.since ?? 'none'}`;
  throw new CniError(CniErrorCode.IncompatibleVersion, message, details);
}

/** What one network has of a name is not what another has. @source CNI SPEC.md, "Attachment" */
function attachmentKey(
  { containerId, interfaceName }: Environment,
  { name }: NetworkConfig,
): AttachmentKey {
  return { network: name, containerId, interfaceName };
}

function resultRequest(environment: Environment, config: NetworkConfig): ResultRequest {
  const { networkNamespace, interfaceName } = environment;
  const { cniVersion, prevResult } = config;
  const dns = dnsOf(config);
  return {
    ...{ cniVersion, networkNamespace, interfaceName },
    ...(prevResult ? { prevResult } : {}),
    ...(dns ? { dns } : {}),
  };
}
