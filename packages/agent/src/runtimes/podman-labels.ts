/**
 * Labels of containers, as podman has them. It answers about a container only when it has
 * started: until then it holds the container's lock.
 *
 * @source podman 4.3, pkg/api/server/register_containers.go: GET /libpod/containers/{name}/json
 */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** podman was asked, and did not answer as it should: nobody knows the labels yet. */
export class PodmanError extends Error {
  readonly code = 'ERR_PODMAN';
}

/** The oldest API of podman 4, which podman 5 has as well. */
const API = '/v4.0.0/libpod';
/** As long as a container may take to start before it is asked about once more. */
const DEADLINE_MILLISECONDS = 30_000;

const container = z.object({
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
});

/** A service of podman, asked by its socket (`podman system service`). */
export class PodmanLabels {
  constructor(private readonly socketPath: string) {}

  /** Whether a container's name for CNI may be one of podman's. */
  isNameOfPodman(containerId: string): boolean {
    return /^[0-9a-f]{64}$/.test(containerId);
  }

  /**
   * The labels of a container.
   *
   * @throws PodmanError also where podman has no such container: another user's podman may have it
   */
  async labelsOf(
    containerId: string,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, string>>> {
    const operation = `ask podman at ${this.socketPath} for labels`;
    try {
      const { status, body } = await this.get(`${API}/containers/${containerId}/json`, signal);
      if (status === 404) throw new Error("it has no such container (another user's?)");
      if (status !== 200) throw new Error(`found status ${status}, expected 200`);
      return container.parse(JSON.parse(body)).Config.Labels ?? {};
    } catch (cause) {
      const { message } = cause as Error;
      throw new PodmanError(`${operation}: ${message}`, { cause });
    }
  }

  private get(path: string, signal: AbortSignal): Promise<{ status?: number; body: string }> {
    const { socketPath } = this;
    const within = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MILLISECONDS)]);
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath, path, agent: false, signal: within }, (response) => {
        const { statusCode: status } = response;
        text(response).then((body) => resolve({ ...(status && { status }), body }), reject);
      });
      asked.on('error', reject).end();
    });
  }
}
