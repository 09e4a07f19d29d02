/**
 * The process inside an endpoint: real servers, and real clients for the lab's probes. It is
 * started inside the endpoint's network namespace and ends with the process that started it.
 */
import { CLIENTS } from './clients.ts';
import { serve } from './servers.ts';
import type { WorkloadRequest, WorkloadResponse } from './workload-protocol.ts';

process.on('message', (request: WorkloadRequest) => {
  handle(request)
    .then((response) => process.send?.(response))
    .catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      process.send?.({ id: request.id, outcome: 'failed', message } satisfies WorkloadResponse);
    });
});
process.on('disconnect', () => process.exit(0));

async function handle(request: WorkloadRequest): Promise<WorkloadResponse> {
  if (request.do === 'serve') {
    for (const server of request.servers) await serve(server);
    return { id: request.id, outcome: 'serving' };
  }
  const { target } = request;
  return { id: request.id, outcome: await CLIENTS[target.kind](target) };
}
