/**
 * Atomic changes of a field that give what it held before. Each is one locked instruction, and a
 * barrier: what the program does before it is done before it on every CPU, what it does after it
 * after.
 *
 * The field is named itself, and is declared with `atomic()`.
 *
 * @source kernel, Documentation/bpf/standardization/instruction-set.rst, atomic operations
 * @since Linux 5.12
 */

/**
 * Adds; wraps around.
 *
 * @example const ticket = fetchAdd(queue.next, 1);
 */
export function fetchAdd<T extends number>(_field: T, _amount: NoInfer<T>): T {
  return refuse(fetchAdd);
}

/** Keeps the bits that `bits` has. */
export function fetchAnd<T extends number>(_field: T, _bits: NoInfer<T>): T {
  return refuse(fetchAnd);
}

/**
 * Sets bits.
 *
 * @example const isMine = (fetchOr(entry.state, BUSY) & BUSY) === 0;
 */
export function fetchOr<T extends number>(_field: T, _bits: NoInfer<T>): T {
  return refuse(fetchOr);
}

/** Turns bits over. */
export function fetchXor<T extends number>(_field: T, _bits: NoInfer<T>): T {
  return refuse(fetchXor);
}

/** Writes `value`. */
export function exchange<T extends number>(_field: T, _value: NoInfer<T>): T {
  return refuse(exchange);
}

/**
 * Writes `value` where the field holds `expected`, which the result then is.
 *
 * @example const isFirst = compareExchange(entry.owner, 0, own) === 0;
 */
export function compareExchange<T extends number>(
  _field: T,
  _expected: NoInfer<T>,
  _value: NoInfer<T>,
): T {
  return refuse(compareExchange);
}

function refuse({ name }: { readonly name: string }): never {
  throw new Error(`${name} runs in the kernel only`);
}
