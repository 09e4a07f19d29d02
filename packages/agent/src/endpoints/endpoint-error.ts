/** What can be wrong with a request about an endpoint. */

/** What of it is wrong. */
export type EndpointErrorCode =
  | 'ERR_ENDPOINT_EXISTS'
  | 'ERR_ENDPOINT_LIMIT'
  | 'ERR_ENDPOINT_MISSING'
  | 'ERR_ENDPOINT_AMBIGUOUS'
  | 'ERR_ENDPOINT_ADDRESS'
  | 'ERR_ENDPOINT_NAMESPACE';

/** An endpoint that cannot be made, or is not there. */
export class EndpointError extends Error {
  constructor(
    readonly code: EndpointErrorCode,
    message: string,
  ) {
    super(message);
  }
}
