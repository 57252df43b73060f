/** Typed access to a `config.json` in both spellings (`rope_theta` + `rope_scaling`, or `rope_parameters`). */
import { CheckpointError } from "../errors.ts";
import { ignoredRotary, named, refusedKey, shown } from "./unread-keys.ts";

/** The largest number of any kind, and what is counted in loops: an order of magnitude beyond the largest models. */
const MOST_OF_ANY = 2 ** 31 - 1;
const MOST: Readonly<Record<string, number>> = {
  num_hidden_layers: 10_000,
  num_attention_heads: 100_000,
  num_experts: 10_000,
  num_local_experts: 10_000,
};

type Json = Readonly<Record<string, unknown>>;

export class ConfigReader {
  readonly file: string;
  /** What the file says and the computation leaves aside, as a transformers of that family does; a sentence each. */
  readonly notices: string[] = [];
  readonly #json: Json;
  readonly #rope: Json;
  /** Key that holds the rotary settings. */
  readonly #ropeKey: "rope_scaling" | "rope_parameters";
  readonly #read = new Set(["rope_theta", "rope_scaling", "rope_parameters", "rope_type", "type"]);

  constructor(file: string, json: Json) {
    this.file = file;
    this.#json = json;
    const scaling = this.#settings("rope_scaling");
    const parameters = this.#settings("rope_parameters");
    // As transformers reads them: the older key replaces the newer one as a whole.
    this.#ropeKey = scaling === undefined ? "rope_parameters" : "rope_scaling";
    this.#rope = { rope_theta: json["rope_theta"], ...(scaling ?? parameters) };
    if (scaling !== undefined && parameters !== undefined && JSON.stringify(scaling) !== JSON.stringify(parameters))
      this.notices.push("rope_parameters is left aside: rope_scaling is there too, and goes before it");
  }

  /** The object at `key`; nothing where it is absent, null, false or empty. */
  #settings(key: string): Json | undefined {
    const value = this.#json[key];
    if (value === undefined || value === null || value === false) return undefined;
    if (typeof value !== "object" || Array.isArray(value))
      return this.fail(key, `must be an object, found ${shown(value)}`);
    return Object.keys(value).length === 0 ? undefined : (value as Json);
  }

  get modelType(): string {
    return named(this.#json["model_type"]);
  }

  /** The checkpoint's own modelling code, where `auto_map` names some that transformers would run on request. */
  ownCode(): string | undefined {
    const map = this.#at("auto_map");
    if (map === null || typeof map !== "object") return undefined;
    const code = (map as Json)["AutoModelForCausalLM"] ?? (map as Json)["AutoModel"];
    return code === undefined ? undefined : named(code);
  }

  /** Does the file have the key, be it as null? */
  has(key: string): boolean {
    return this.#json[key] !== undefined;
  }

  /** The rotary settings have the key, be it as null. */
  ropeHas(key: string): boolean {
    return this.#rope[key] !== undefined;
  }

  #at(key: string): unknown {
    this.#read.add(key);
    return this.#json[key];
  }

  #ropeAt(key: string): unknown {
    this.#read.add(key);
    return this.#rope[key];
  }

  /** Say that the key, where it is set, changes nothing, and why. */
  ignore(key: string, why: string): void {
    const value = this.#at(key);
    if (value !== undefined && value !== null) this.notices.push(`${key} ${shown(value)} changes nothing: ${why}`);
  }

  /** The same of a number among the rotary settings. */
  ignoreRotary(key: string, why: (value: number) => string): void {
    const value = this.#ropeAt(key);
    if (typeof value === "number")
      this.notices.push(`${this.#ropeKey}.${key} ${shown(value)} changes nothing: ${why(value)}`);
  }

  /**
   * Once everything was read: refuse a key that was not, where it would change what is computed, and note what transformers leaves
   * aside too.
   */
  expectAllRead(): void {
    const type = JSON.stringify(this.#json["model_type"]);
    const rotary = ignoredRotary(this.#rope, this.#read);
    for (const key of rotary.ignored) {
      const value = shown(this.#rope[key]);
      const why = `transformers does not read it for rope type "${this.ropeType()}"`;
      this.notices.push(`${this.#ropeKey}.${key} ${value} changes nothing: ${why}`);
    }
    const key = rotary.refused ?? refusedKey(this.#json, this.#read);
    if (key === undefined) return;
    const value = shown(this.#json[key] ?? this.#rope[key]);
    this.fail(
      key,
      `${value} is not computed for model_type ${type}, here or in transformers' own code of it`,
      "take a checkpoint in transformers' layout of that type, or remove the key if the model was trained without what it names",
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
      this.unsupported(key, shown(found), JSON.stringify(value));
  }

  /** The key is absent, null, or has one of the values that mean what is computed. */
  expectOneOf(key: string, values: ReadonlyArray<unknown>): void {
    const found = this.#at(key);
    if (found !== undefined && found !== null && !values.includes(found))
      this.unsupported(key, shown(found), shown(values[0]));
  }

  /** The key, which would change what is computed, is absent or null. */
  expectAbsent(key: string): void {
    const found = this.#at(key) ?? this.#ropeAt(key);
    if (found !== undefined && found !== null) this.unsupported(key, shown(found), "leaving it out");
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
      : this.fail(key, `must be a number, found ${shown(value)}`);
  }

  /** A positive integer that a model can have. What is made by it is made after it was compared with the tensors that there are. */
  integer(key: string, fallback?: number): number {
    const value = this.number(key, fallback);
    const most = MOST[key] ?? MOST_OF_ANY;
    if (!(Number.isInteger(value) && value > 0)) return this.fail(key, `must be a positive integer, found ${value}`);
    return value <= most
      ? value
      : this.fail(key, `${value} is more than any model has, at most ${most.toLocaleString("en")} is taken`);
  }

  /** One id, a list of ids, or nothing. */
  integers(key: string): ReadonlyArray<number> {
    const value = this.#at(key);
    if (value === undefined || value === null) return [];
    const list = Array.isArray(value) ? value : [value];
    return list.every((v) => Number.isSafeInteger(v))
      ? list
      : this.fail(key, `must be token ids, found ${shown(value)}`);
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
      : this.fail(key, `must be a list of strings, found ${shown(value)}`);
  }

  boolean(key: string, fallback: boolean): boolean {
    const value = this.#at(key) ?? fallback;
    return typeof value === "boolean" ? value : this.fail(key, `must be true or false, found ${shown(value)}`);
  }

  /** Kind of rotary scaling, "default" when none is named. */
  ropeType(): string {
    return named(this.#rope["rope_type"] ?? this.#rope["type"] ?? "default");
  }

  /** A positive number of the rotary settings, in either spelling. */
  rope(key: string, fallback: number | undefined): number {
    const value = this.#ropeAt(key) ?? fallback;
    // In single precision, as it is computed with: 1e-50 is nothing there and 1e40 is no number.
    const single = typeof value === "number" ? Math.fround(value) : 0;
    return Number.isFinite(single) && single > 0
      ? (value as number)
      : this.fail(`rope.${key}`, `must be a positive number, found ${shown(value)}`);
  }

  /** The same, or nothing: absent, null and 0 are none. */
  optionalRope(key: string): number | undefined {
    const value = this.#ropeAt(key);
    return value === undefined || value === null || value === 0 ? undefined : this.rope(key, undefined);
  }

  /** A flag of the rotary settings; null is false, as in Python. */
  ropeFlag(key: string, fallback: boolean): boolean {
    const value = this.#ropeAt(key);
    if (value === undefined) return fallback;
    if (value === null) return false;
    return typeof value === "boolean"
      ? value
      : this.fail(`rope.${key}`, `must be true or false, found ${shown(value)}`);
  }

  /** A list of `length` positive numbers among the rotary settings. */
  ropeList(key: string, length: number): ReadonlyArray<number> {
    const value = this.#ropeAt(key);
    return Array.isArray(value) && value.length === length && value.every((v) => typeof v === "number" && v > 0)
      ? value
      : this.fail(`rope.${key}`, `must be ${length} positive numbers, found ${shown(value)}`);
  }
}
