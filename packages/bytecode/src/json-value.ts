/** Reads a value of unknown shape, and names the path of what is not as expected. */

/** Where serialised input is not what it shall be. */
export class ObjectError extends Error {
  readonly code = 'OBJECT';
  constructor(
    /** Such as `maps[2].keySize`; empty for the whole. */
    readonly path: string,
    detail: string,
  ) {
    super(`read program object: ${path ? `${path}: ` : ''}${detail}`);
    this.name = 'ObjectError';
  }
}

/** A value and where it was found. */
export class JsonValue {
  constructor(
    private readonly value: unknown,
    readonly path = '',
  ) {}

  /** The member of a name. @throws ObjectError when this is no object */
  at(name: string): JsonValue {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.unexpected('an object');
    }
    const member = Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
    return new JsonValue(member, this.path ? `${this.path}.${name}` : name);
  }

  get isAbsent(): boolean {
    return this.value === undefined;
  }

  /** @throws ObjectError */
  list(): JsonValue[] {
    if (!Array.isArray(this.value)) throw this.unexpected('a list');
    return this.value.map((each, index) => new JsonValue(each, `${this.path}[${index}]`));
  }

  /** A whole number from `min` to `max`. @throws ObjectError */
  integer(min = 0, max = 0xffffffff): number {
    const { value } = this;
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
      return value as number;
    }
    throw this.unexpected(`a whole number from ${min} to ${max}`);
  }

  /** @throws ObjectError */
  text(pattern?: RegExp): string {
    const { value } = this;
    if (typeof value !== 'string') throw this.unexpected('text');
    if (pattern && !pattern.test(value)) throw this.unexpected(`text as ${pattern.source}`);
    return value;
  }

  /** @throws ObjectError */
  boolean(): boolean {
    if (typeof this.value === 'boolean') return this.value;
    throw this.unexpected('true or false');
  }

  /** One of some words. @throws ObjectError */
  oneOf<T extends string>(words: readonly T[]): T {
    const found = words.find((word) => word === this.value);
    if (found === undefined) throw this.unexpected(`one of ${words.join(', ')}`);
    return found;
  }

  unexpected(expected: string): ObjectError {
    const found = JSON.stringify(this.value) ?? 'nothing';
    const short = found.length > 40 ? `${found.slice(0, 40)}...` : found;
    return new ObjectError(this.path, `${short}, expected ${expected}`);
  }
}
