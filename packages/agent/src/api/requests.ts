/** What the API takes, checked before anything is done. */
import { isPortName, NAMESPACE_RULE, namespaceField, type PolicyFile } from '@skep/policy';
import { z } from 'zod';
import type {
  AttachmentKey,
  ChangeOptions,
  EndpointRequest,
  ErrorView,
  ExplainRequest,
  FlowFilter,
} from '../views.ts';

const labels = z.record(z.string(), z.string());
/** What is shown of an endpoint everywhere: nothing in it moves a cursor or hides. */
const name = z
  .string()
  .regex(/^[^/\s\p{C}]+$/u, 'expected a name without slashes, spaces and control characters');
const namespace = z
  .string()
  .refine((text) => namespaceField.safeParse(text).success, `expected ${NAMESPACE_RULE}`);
const namedPort = z.strictObject({
  name: z.string().refine(isPortName, 'expected letters, digits and single hyphens, at most 15'),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']),
  port: z.int().min(1).max(65535),
});
const port = z.coerce.number().int().min(0).max(65535);

/** Of one station: a group address is nobody's own. @source IEEE 802 section 8.2.2 */
const mac = z
  .string()
  .regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i, 'expected the address of one station')
  .refine((text) => !/^[0:]*$/.test(text), 'expected an address that is not zero');
/** Containers and interfaces, as they are in the path of a request. */
const interfaceName = z.string().regex(/^[^/:%\s]{1,15}$/, 'expected the name of an interface');
const containerId = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'expected letters, digits, and _ . - after the first');
const attachment = z.strictObject({
  network: z.string().min(1),
  containerId,
  podUid: z.string().optional(),
});
const attachmentKey = z.strictObject({ containerId, interfaceName });
/** Plugins of earlier builds do not say the network. */
const attachmentPath = attachmentKey.extend({ network: attachment.shape.network.optional() });

const endpointRequest = z.strictObject({
  name,
  namespace,
  labels: labels.optional(),
  namespaceLabels: labels.optional(),
  ipv4: z.string().optional(),
  ipv6: z.string().optional(),
  wantsAddresses: z.boolean().optional(),
  mac: mac.optional(),
  networkNamespace: z.string().startsWith('/'),
  interfaceName: interfaceName.optional(),
  namedPorts: z.array(namedPort).optional(),
  attachment: attachment.optional(),
});

const labelsRequest = z.strictObject({ labels });

const policyFile = z.strictObject({ file: z.string().min(1), text: z.string() });

const explainRequest = z.strictObject({
  from: z.string(),
  to: z.string(),
  port: z.string().optional(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6']).default('TCP'),
});

/** From long enough to type the answer to a day. */
const changeRequest = z.strictObject({
  confirmWithin: z.coerce.number().int().min(1).max(86_400).optional(),
});

const flowRequest = z.strictObject({
  endpoint: z.string().optional(),
  verdict: z.enum(['forwarded', 'dropped']).optional(),
  port: port.optional(),
  protocol: z.string().optional(),
  last: z.coerce.number().int().min(0).optional(),
  follow: z.enum(['0', '1']).optional(),
});

/** A request that is not as the API has it. */
export class RequestError extends Error {
  readonly code = 'ERR_REQUEST';
  constructor(
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Flows that are wanted: the newest `last` of them, and those to come where it is followed. */
export interface FlowRequest {
  readonly filter: FlowFilter;
  readonly last?: number;
  readonly isFollowed: boolean;
}

/** @throws RequestError */
export function readEndpointRequest(body: string): EndpointRequest {
  return check(endpointRequest, parseJson(body)) as EndpointRequest;
}

/** The labels that an endpoint is to have. @throws RequestError */
export function readLabelsRequest(body: string): Readonly<Record<string, string>> {
  return check(labelsRequest, parseJson(body)).labels;
}

/** The attachment that a path and its query name. @throws RequestError */
export function readAttachmentKey(
  parts: readonly (string | undefined)[],
  query: URLSearchParams,
): AttachmentKey {
  const [container, name] = parts;
  const network = query.get('network') ?? undefined;
  const names = { containerId: container, interfaceName: name };
  return check(attachmentPath, { ...names, ...(network === undefined ? {} : { network }) });
}

/** The attachments that are there. @throws RequestError */
export function readAttachmentKeys(body: string): AttachmentKey[] {
  return check(z.array(attachmentKey), parseJson(body));
}

/** The files that are applied together. @throws RequestError */
export function readPolicyFiles(body: string): PolicyFile[] {
  return check(z.array(policyFile), parseJson(body));
}

/** @throws RequestError */
export function readExplainRequest(query: URLSearchParams): ExplainRequest {
  return check(explainRequest, Object.fromEntries(query)) as ExplainRequest;
}

/** @throws RequestError */
export function readFlowRequest(query: URLSearchParams): FlowRequest {
  const { last, follow, ...filter } = check(flowRequest, Object.fromEntries(query));
  return {
    filter: filter as FlowFilter,
    ...(last === undefined ? {} : { last }),
    isFollowed: follow === '1',
  };
}

/** Whether a change of policy has to be confirmed. @throws RequestError */
export function readChangeOptions(query: URLSearchParams): ChangeOptions {
  const within = query.get('confirmWithin') ?? undefined;
  const { confirmWithin } = check(changeRequest, { confirmWithin: within });
  if (confirmWithin !== undefined) return { confirmWithinSeconds: confirmWithin };
  return query.get('unconfirmed') === '1' ? { isUnconfirmed: true } : {};
}

/** What went wrong, as the API says it. */
export function errorView(error: unknown): ErrorView {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return {
    code: typeof code === 'string' ? code : 'ERR_INTERNAL',
    message: typeof message === 'string' ? message : String(error),
  };
}

/** What is refused because of what is there. */
const CONFLICTS: ReadonlySet<unknown> = new Set([
  'ERR_ENDPOINT_EXISTS',
  'ERR_POLICY_UNCONFIRMED',
  'ERR_POLICY_PENDING',
]);

/** 500 for what nobody asked for wrongly. */
export function statusOf(error: unknown): number {
  if (error instanceof RequestError) return error.status;
  const { code } = error as { code?: unknown };
  if (CONFLICTS.has(code)) return 409;
  if (code === 'ERR_POLICY_NOT_PENDING') return 404;
  if (code === 'ERR_IPAM_EXHAUSTED') return 503;
  if (code === 'ERR_ENDPOINT_MISSING') return 404;
  return typeof code === 'string' && /^ERR_(POLICY|ENDPOINT|EXPLAIN|ADDRESS|IPAM)/.test(code)
    ? 400
    : 500;
}

function check<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    return `${issue.path.join('.') || 'request'}: ${issue.message}`;
  });
  throw new RequestError(problems.join('; '));
}

/** Checks would leave it out silently. */
function refuseProto(key: string, value: unknown): unknown {
  if (key !== '__proto__') return value;
  throw new SyntaxError(`'${key}' is no key that an object may have`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, refuseProto);
  } catch (error) {
    throw new RequestError(`request body: ${(error as Error).message}, expected JSON`);
  }
}
