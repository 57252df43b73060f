/** Typed access to a `config.json` in both spellings (`rope_theta` + `rope_scaling`, or `rope_parameters`). */
import { CheckpointError } from "../errors.ts";
import { unreadKey } from "./unread-keys.ts";

export class ConfigReader {
  readonly file: string;
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #rope: Readonly<Record<string, unknown>>;
  readonly #read = new Set(["rope_theta", "rope_scaling", "rope_parameters"]);

  constructor(file: string, json: Readonly<Record<string, unknown>>) {
    this.file = file;
    this.#json = json;
    const parameters = (json["rope_parameters"] ?? {}) as Record<string, unknown>;
    const scaling = (json["rope_scaling"] ?? {}) as Record<string, unknown>;
    this.#rope = { rope_theta: json["rope_theta"], ...scaling, ...parameters };
  }

  #at(key: string): unknown {
    this.#read.add(key);
    return this.#json[key];
  }

  #ropeAt(key: string): unknown {
    this.#read.add(key);
    return this.#rope[key];
  }

  /** Once everything was read: refuse a key that was not, where it would change what is computed. */
  expectAllRead(): void {
    const key = unreadKey(this.#json, this.#rope, this.#read);
    if (key === undefined) return;
    const value = JSON.stringify(this.#json[key] ?? this.#rope[key]);
    this.fail(
      key,
      `${value} is not computed for model_type ${JSON.stringify(this.#json["model_type"])}`,
      "remove it if it has no effect",
    );
  }

  /** Refuse the file for what stands at `key`. */
  fail(key: string, problem: string, remedy = "check the checkpoint"): never {
    throw new CheckpointError({ file: this.file, place: key, problem, remedy });
  }

  /** Refuse a value that is valid but not computed here. */
  unsupported(key: string, found: string, supported: string): never {
    return this.fail(key, `${found} is not supported`, `supported: ${supported}`);
  }

  /** The key is absent, null, or has the one value that is computed. */
  expect(key: string, value: unknown): void {
    const found = this.#at(key) ?? this.#ropeAt(key);
    if (found !== undefined && found !== null && found !== value)
      this.unsupported(key, JSON.stringify(found), JSON.stringify(value));
  }

  /** The key, which would change what is computed, is absent or null. */
  expectAbsent(key: string): void {
    const found = this.#at(key) ?? this.#ropeAt(key);
    if (found !== undefined && found !== null) this.unsupported(key, JSON.stringify(found), "leaving it out");
  }

  /** The list at `key` is absent or empty. */
  expectEmpty(key: string): void {
    const found = this.#at(key);
    if (Array.isArray(found) && found.length === 0) return;
    this.expectAbsent(key);
  }

  /** A finite number; absent or null gives the fallback. */
  number(key: string, fallback?: number): number {
    const value = this.#at(key) ?? fallback;
    return typeof value === "number" && Number.isFinite(value)
      ? value
      : this.fail(key, `must be a number, found ${JSON.stringify(value)}`);
  }

  /** A positive integer. */
  integer(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    return Number.isSafeInteger(value) && value > 0
      ? value
      : this.fail(key, `must be a positive integer, found ${value}`);
  }

  /** One id, a list of ids, or nothing. */
  integers(key: string): ReadonlyArray<number> {
    const value = this.#at(key);
    if (value === undefined || value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    return list.every((v) => Number.isSafeInteger(v))
      ? list
      : this.fail(key, `must be token ids, found ${JSON.stringify(value)}`);
  }

  /** A positive integer, or nothing. */
  optionalInteger(key: string): number | undefined {
    const value = this.#at(key);
    return value === undefined || value === null ? undefined : this.integer(key);
  }

  /** A list of strings, or nothing. */
  strings(key: string): ReadonlyArray<string> | undefined {
    const value = this.#at(key);
    if (value === undefined || value === null) return undefined;
    return Array.isArray(value) && value.every((v) => typeof v === "string")
      ? value
      : this.fail(key, `must be a list of strings, found ${JSON.stringify(value)}`);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.#at(key) ?? fallback;
    return typeof value === "boolean" ? value : this.fail(key, `must be true or false, found ${JSON.stringify(value)}`);
  }

  /** Kind of rotary scaling, "default" when none is named. */
  ropeType(): string {
    return String(this.#ropeAt("rope_type") ?? this.#ropeAt("type") ?? "default");
  }

  /** A positive number of the rotary settings, in either spelling. */
  rope(key: string, fallback: number | undefined): number {
    const value = this.#ropeAt(key) ?? fallback;
    return typeof value === "number" && Number.isFinite(value) && value > 0
      ? value
      : this.fail(`rope.${key}`, `must be a positive number, found ${JSON.stringify(value)}`);
  }

  /** A list of `length` positive numbers among the rotary settings. */
  ropeList(key: string, length: number): ReadonlyArray<number> {
    const value = this.#ropeAt(key);
    return Array.isArray(value) && value.length === length && value.every((v) => typeof v === "number" && v > 0)
      ? value
      : this.fail(`rope.${key}`, `must be ${length} positive numbers, found ${JSON.stringify(value)}`);
  }
}
