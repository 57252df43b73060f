/** Selected rows as other trainers read them. */
import { Artifact } from "@precipice/runtime";
import * as Schema from "effect/Schema";

const rows = Schema.Struct({
  /** `id` of the trace. */
  id: Schema.String,
  role: Schema.Literals(["selected", "harmless"]),
  /** Place in the ranking; null for a harmless row that was mixed in. */
  rank: Schema.NullOr(Schema.Int),
  score: Schema.NullOr(Schema.Number),
  /** Why it was taken. */
  reason: Schema.String,
  prompt: Schema.String,
  /** What is to be learnt: thinking between its markers, then the response. */
  completion: Schema.String,
});

const files = [
  "selection.alpaca.jsonl",
  "selection.alpaca.parquet",
  "selection.chat.jsonl",
  "selection.chat.parquet",
] as const;

/**
 * `selection.alpaca.*`: `instruction`, `input`, `output` (Alpaca, LLaMA-Factory, Axolotl). `selection.chat.*`: `messages`, a list of
 * `{ role, content }` (TRL, Axolotl). Both are copied into the folder of the run.
 */
export const TrainingSet = Artifact.kind("training-set", {
  version: 1,
  description: "Selected rows in the layouts of other trainers, with the reason of each",
  tables: { rows },
  files: [...files],
  publish: [...files],
});

export type TrainingSetRow = typeof rows.Type;
