/**
 * The pool as columns: what ranking needs of a row takes some tens of bytes, so that millions of rows fit where their texts
 * would not.
 */
import { TextColumn, TextIndex } from "./text-column.ts";

/** What the model's own response did, as a judge saw it. */
export type Response = "refusal" | "harmful" | "safe" | "error";

/** One row of the pool. Leave out what is not known; a method that needs it does not take the row. */
export interface Candidate {
  readonly id: string;
  /** plateau − final; null when the trace has no cliff score. */
  readonly misalignment?: number | null | undefined;
  /** Refusal score right before the response, 0..1; null when there is none. */
  readonly final?: number | null | undefined;
  /** What a judge or a rule said of the model's own response. */
  readonly response?: Response | null | undefined;
  /** Group that quotas are counted in. */
  readonly family?: string | null | undefined;
  /** Tokens the row costs in training. */
  readonly tokens?: number | null | undefined;
  /** Rows of equal content: only the best ranked one is taken. Default: no row equals another. */
  readonly content?: string | null | undefined;
}

const RESPONSES: ReadonlyArray<Response | null> = [null, "refusal", "harmful", "safe", "error"];

const BLOCK = 1 << 16;

/** A growing column of numbers, in blocks: growing copies nothing and leaves nothing behind. */
export class NumberColumn {
  readonly #blocks: Array<Float64Array | Int32Array | Int8Array> = [];
  readonly #type: new (
    length: number,
  ) => Float64Array | Int32Array | Int8Array;
  #length = 0;

  constructor(type: new (length: number) => Float64Array | Int32Array | Int8Array) {
    this.#type = type;
  }

  push(value: number): void {
    if (this.#length % BLOCK === 0) this.#blocks.push(new this.#type(BLOCK));
    (this.#blocks.at(-1) as Float64Array)[this.#length % BLOCK] = value;
    this.#length++;
  }

  /** The value of a row that was added. */
  at(row: number): number {
    return this.#blocks[Math.floor(row / BLOCK)]?.[row % BLOCK] as number;
  }
}

/** The rows in the order they were added; every column has one value per row. */
export class Pool {
  readonly ids = new TextColumn();
  /** plateau − final; NaN where there is none, as in `final` and `tokens`. */
  readonly misalignment = new NumberColumn(Float64Array);
  readonly final = new NumberColumn(Float64Array);
  readonly tokens = new NumberColumn(Float64Array);
  /** Number of the row's family. */
  readonly family = new NumberColumn(Int32Array);
  /** Number of the row's content; -1 where no other row can equal it. */
  readonly content = new NumberColumn(Int32Array);
  readonly #response = new NumberColumn(Int8Array);
  readonly #families = new TextIndex();
  #contents = new TextIndex();

  /** Throws a RangeError when a number is not finite. */
  add({ id, misalignment, final, response, family, tokens, content }: Candidate): void {
    this.ids.push(id);
    this.misalignment.push(checked(id, "misalignment", misalignment));
    this.final.push(checked(id, "final", final));
    this.#response.push(RESPONSES.indexOf(response ?? null));
    this.family.push(this.#families.of(family ?? ""));
    this.tokens.push(checked(id, "tokens", tokens));
    this.content.push(content === null || content === undefined ? -1 : this.#contents.of(content));
  }

  /** No more rows will come: forgets the texts of contents, of which ranking needs the numbers alone. */
  close(): void {
    this.#contents = new TextIndex();
  }

  get size(): number {
    return this.ids.length;
  }

  responseOf(row: number): Response | null {
    return RESPONSES[this.#response.at(row)] ?? null;
  }
}

const checked = (id: string, name: string, value: number | null | undefined): number => {
  if (value === null || value === undefined) return Number.NaN;
  if (!Number.isFinite(value)) throw new RangeError(`candidate ${id}: ${name} is ${value}`);
  return value;
};
