/** The errors of this package: each names the file, the place in it, what was expected and what to do. */
import { clip, MOST_SAID } from "@precipice/files";
import * as Data from "effect/Data";

/** A checkpoint folder cannot be used: a file is missing, a config says something unsupported, a tensor does not fit. */
export class CheckpointError extends Data.TaggedError("CheckpointError")<{
  readonly file: string;
  readonly place: string;
  readonly problem: string;
  readonly remedy?: string;
}> {
  override get message(): string {
    const place = this.place === "" ? "" : ` (${this.place})`;
    return `${this.file}${clip(place, 500)}: ${clip(this.problem, MOST_SAID)}${this.remedy === undefined ? "" : `; ${this.remedy}`}`;
  }
}

/** A request to a decoder makes no sense: an unknown site, tokens outside the vocabulary, a row that is too long. */
export class DecoderError extends Data.TaggedError("DecoderError")<{
  readonly what: string;
  readonly problem: string;
  readonly remedy?: string;
}> {
  override get message(): string {
    return `${this.what}: ${this.problem}${this.remedy === undefined ? "" : `; ${this.remedy}`}`;
  }
}

/** A training step would need more memory than there is. */
export class MemoryBudgetError extends Data.TaggedError("MemoryBudgetError")<{
  /** Estimated peak and what is allowed, bytes. */
  readonly bytes: number;
  readonly budget: number;
  readonly rows: number;
  readonly tokens: number;
  /** The estimate with activations made again, where the step would keep them. */
  readonly recomputed?: number;
}> {
  override get message(): string {
    const gb = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    const need = `a step of ${this.rows} rows of ${this.tokens} tokens needs about ${gb(this.bytes)}, allowed are ${gb(this.budget)}`;
    const again = this.recomputed === undefined ? "" : `; with recompute it would need ${gb(this.recomputed)}`;
    return `${need}${again}. Take fewer rows per step, shorter sequences${again === "" ? "" : ", recompute"} or a larger memoryBudget`;
  }
}
