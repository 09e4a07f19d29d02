/**
 * Reads parsed JSON strictly; errors say where, what was found and what was expected. Where is only
 * put together for an error: a file has tens of thousands of places.
 */
export class JsonReader {
  /** `key`: a name or an index of `parent`; the name of the whole where there is none. */
  constructor(
    private readonly key: string | number,
    private readonly value: unknown,
    private readonly parent: JsonReader | null = null,
  ) {}

  /** Where this stands, from the whole down. */
  get path(): string {
    if (!this.parent) return `${this.key}`;
    const step = typeof this.key === 'number' ? `[${this.key}]` : `.${this.key}`;
    return this.parent.path + step;
  }

  /** @throws TypeError always. */
  refuse(expected: string): never {
    const found = JSON.stringify(this.value)?.slice(0, 40) ?? 'nothing';
    throw new TypeError(`parse ${this.path}: found ${found}, expected ${expected}`);
  }

  has(name: string): boolean {
    return typeof this.value === 'object' && this.value !== null && name in this.value;
  }

  field(name: string): JsonReader {
    if (!this.has(name)) this.refuse(`an object with '${name}'`);
    return new JsonReader(name, (this.value as Record<string, unknown>)[name], this);
  }

  /** How many items an array has. */
  get length(): number {
    return Array.isArray(this.value) ? this.value.length : this.refuse('an array');
  }

  item(index: number): JsonReader {
    if (index >= this.length) this.refuse(`${index + 1} items or more`);
    return new JsonReader(index, (this.value as unknown[])[index], this);
  }

  items(atLeast = 0): JsonReader[] {
    if (this.length < atLeast) this.refuse(`${atLeast} items or more`);
    return (this.value as unknown[]).map((value, index) => new JsonReader(index, value, this));
  }

  /** An array of integers, to be read one after the other. */
  integers(): IntegerReader {
    if (!Array.isArray(this.value)) this.refuse('an array');
    return new IntegerReader(this, this.value as unknown[]);
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.refuse('a string');
  }

  integer(from = -Infinity, to = Infinity): number {
    const { value } = this;
    const isFine = Number.isSafeInteger(value) && Number(value) >= from && Number(value) <= to;
    if (!isFine) this.refuse(`an integer from ${from} to ${to}`);
    return value as number;
  }

  /** A number written as a string of digits. */
  bigint(): bigint {
    const text = this.text();
    return /^\d{1,20}$/.test(text) ? BigInt(text) : this.refuse('a string of digits');
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.refuse('true or false');
  }

  oneOf<const T extends string | number>(choices: readonly T[]): T {
    const found = choices.find((choice) => choice === this.value);
    return found ?? this.refuse(`one of ${choices.join(', ')}`);
  }
}

/** Reads integers one after the other, without a reader for each. */
export class IntegerReader {
  private place = 0;

  constructor(
    private readonly list: JsonReader,
    private readonly integers: readonly unknown[],
  ) {}

  get isAtEnd(): boolean {
    return this.place === this.integers.length;
  }

  next(from: number, to = Number.MAX_SAFE_INTEGER): number {
    const found = this.integers[this.place];
    const isFine = Number.isInteger(found) && (found as number) >= from && (found as number) <= to;
    return isFine ? (this.integers[this.place++] as number) : this.refuse(from, to);
  }

  /** @throws TypeError where something is left. */
  finish(): void {
    if (!this.isAtEnd) this.list.item(this.place).refuse('the end');
  }

  private refuse(from: number, to: number): never {
    if (this.isAtEnd) this.list.refuse(`more than ${this.place} integers`);
    this.list.item(this.place).integer(from, to);
    throw new Error('unreachable');
  }
}
