/** A question to a lab and its answer. */
import { Icmpv6Type, IcmpType } from '@skep/wire';
import { type Exchange, type LabVerdict, protocolOf } from './lab-api.ts';
import type { LabProbe, LabSpec } from './lab-file.ts';

/** One probe over one family of addresses. */
export interface ResolvedProbe extends LabProbe {
  readonly family: 4 | 6;
  readonly exchange: Exchange;
}

/** A probe that was made, and what became of it. */
export interface ProbeResult extends ResolvedProbe {
  readonly seen: LabVerdict;
  /** What the probe met, in a word or two. */
  readonly detail: string;
}

/** The type of an echo request. @source RFC 792, RFC 4443 section 4.1 */
export function echoRequestType(family: 4 | 6): number {
  return family === 4 ? IcmpType.EchoRequest : Icmpv6Type.EchoRequest;
}

/** Every probe, once for each family that both ends have. */
export function resolveProbes(lab: LabSpec): ResolvedProbe[] {
  const endpoints = new Map(lab.endpoints.map((each) => [each.name, each]));
  return lab.probes.flatMap((probe) => {
    const { from, to } = probe;
    const [client, target] = [endpoints.get(from)!, endpoints.get(to)!];
    const server = target.serves.find((each) => each.name === probe.port);
    return ([4, 6] as const).flatMap((family): ResolvedProbe[] => {
      const [source, destination] = [client, target].map((each) => each[`ipv${family}`]);
      if (source === undefined || destination === undefined) return [];
      const { kind, port } = server ?? { kind: 'icmp', port: echoRequestType(family) };
      const exchange = { from, to, family, source, destination, kind, port };
      return [{ ...probe, family, exchange }];
    });
  });
}

/** What a probe asks for, such as `TCP 80` or `ICMP EchoRequest`; the same over both families. */
export function describeQuestion({ exchange, icmp }: ResolvedProbe): string {
  if (icmp !== undefined) return `ICMP ${icmp}`;
  return `${protocolOf(exchange)} ${exchange.port}`;
}

/** Whether a probe went as its author expects. */
export function isAsExpected(result: ProbeResult): boolean {
  return result.seen === result.expect;
}
