/** Why an endpoint that asked for an address gets none. */

/** There is no pool, or all of it is taken. */
export class IpamError extends Error {
  constructor(
    readonly code: 'ERR_IPAM_EXHAUSTED' | 'ERR_IPAM_NO_POOL',
    message: string,
  ) {
    super(message);
  }
}
