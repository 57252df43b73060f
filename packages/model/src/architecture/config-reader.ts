/** Typed access to a `config.json` in both spellings (`rope_theta` + `rope_scaling`, or `rope_parameters`). */
import { CheckpointError } from "../errors.ts";

export class ConfigReader {
  readonly file: string;
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #rope: Readonly<Record<string, unknown>>;

  constructor(file: string, json: Readonly<Record<string, unknown>>) {
    this.file = file;
    this.#json = json;
    const parameters = (json["rope_parameters"] ?? {}) as Record<string, unknown>;
    const scaling = (json["rope_scaling"] ?? {}) as Record<string, unknown>;
    this.#rope = { rope_theta: json["rope_theta"], ...scaling, ...parameters };
  }

  #fail(key: string, problem: string, remedy = "check the checkpoint"): never {
    throw new CheckpointError({ file: this.file, place: key, problem, remedy });
  }

  unsupported(key: string, found: string, supported: string): never {
    return this.#fail(key, `${found} is not supported`, `supported: ${supported}`);
  }

  /** The key is absent, null, or has the one value that is computed. */
  expect(key: string, value: unknown): void {
    const found = this.#json[key];
    if (found !== undefined && found !== null && found !== value)
      this.unsupported(key, JSON.stringify(found), JSON.stringify(value));
  }

  number(key: string, fallback?: number): number {
    const value = this.#json[key] ?? fallback;
    return typeof value === "number" && Number.isFinite(value)
      ? value
      : this.#fail(key, `must be a number, found ${JSON.stringify(value)}`);
  }

  integer(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    return Number.isSafeInteger(value) && value > 0
      ? value
      : this.#fail(key, `must be a positive integer, found ${value}`);
  }

  /** One id, a list of ids, or nothing. */
  integers(key: string): ReadonlyArray<number> {
    const value = this.#json[key];
    if (value === undefined || value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    return list.every((v) => Number.isSafeInteger(v))
      ? list
      : this.#fail(key, `must be token ids, found ${JSON.stringify(value)}`);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.#json[key] ?? fallback;
    return typeof value === "boolean"
      ? value
      : this.#fail(key, `must be true or false, found ${JSON.stringify(value)}`);
  }

  ropeType(): string {
    return String(this.#rope["rope_type"] ?? this.#rope["type"] ?? "default");
  }

  rope(key: string, fallback: number | undefined): number {
    const value = this.#rope[key] ?? fallback;
    return typeof value === "number" && Number.isFinite(value)
      ? value
      : this.#fail(`rope.${key}`, `must be a number, found ${JSON.stringify(value)}`);
  }
}
