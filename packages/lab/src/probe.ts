/** A question to a lab and its answer. */
import type { LabEndpoint, LabProbe, LabServer, LabSpec, LabVerdict } from './lab-file.ts';

/** One probe over one family of addresses. */
export interface ResolvedProbe extends LabProbe {
  readonly family: 4 | 6;
  readonly source: LabEndpoint;
  readonly target: LabEndpoint;
  readonly server: LabServer;
  readonly sourceAddress: string;
  readonly targetAddress: string;
}

/** A probe that was made, and what became of it. */
export interface ProbeResult extends ResolvedProbe {
  readonly seen: LabVerdict;
  /** What the probe met, in a word or two. */
  readonly detail: string;
}

/** Every probe, once for each family that both ends have. */
export function resolveProbes(lab: LabSpec): ResolvedProbe[] {
  const endpoints = new Map(lab.endpoints.map((each) => [each.name, each]));
  return lab.probes.flatMap((probe) => {
    const source = endpoints.get(probe.from)!;
    const target = endpoints.get(probe.to)!;
    const server = target.serves.find((each) => each.name === probe.port)!;
    return ([4, 6] as const).flatMap((family) => {
      const [sourceAddress, targetAddress] = [source, target].map((each) =>
        family === 4 ? each.ipv4 : each.ipv6,
      );
      if (sourceAddress === undefined || targetAddress === undefined) return [];
      return [{ ...probe, family, source, target, server, sourceAddress, targetAddress }];
    });
  });
}

/** Whether a probe went as its author expects. */
export function isAsExpected(result: ProbeResult): boolean {
  return result.seen === result.expect;
}
