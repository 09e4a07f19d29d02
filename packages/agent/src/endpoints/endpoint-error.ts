/** What can be wrong with a request about an endpoint. */

/** An endpoint that cannot be made, or is not there. */
export class EndpointError extends Error {
  constructor(
    readonly code: 'ERR_ENDPOINT_EXISTS' | 'ERR_ENDPOINT_LIMIT' | 'ERR_ENDPOINT_MISSING',
    message: string,
  ) {
    super(message);
  }
}
