/** Reads parsed JSON strictly; errors say where, what was found and what was expected. */
export class JsonReader {
  constructor(
    readonly path: string,
    private readonly value: unknown,
  ) {}

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
    return new JsonReader(`${this.path}.${name}`, (this.value as Record<string, unknown>)[name]);
  }

  /** How many items an array has. */
  get length(): number {
    return Array.isArray(this.value) ? this.value.length : this.refuse('an array');
  }

  item(index: number): JsonReader {
    if (index >= this.length) this.refuse(`${index + 1} items or more`);
    return new JsonReader(`${this.path}[${index}]`, (this.value as unknown[])[index]);
  }

  items(atLeast = 0): JsonReader[] {
    if (this.length < atLeast) this.refuse(`${atLeast} items or more`);
    return Array.from({ length: this.length }, (_, index) => this.item(index));
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
