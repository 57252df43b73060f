/** What replies took, and whether the server counts tokens as the checkpoint's own tokenizer does. */
import type { Metrics } from "@precipice/artifacts";
import { wilson } from "@precipice/stats";
import * as Schema from "effect/Schema";
import type { Backend } from "./backend-config.ts";

export const UsageRow = Schema.Struct({
  trace_id: Schema.String,
  /** As the server counted; null where it does not say. */
  prompt_tokens: Schema.NullOr(Schema.Int),
  completion_tokens: Schema.NullOr(Schema.Int),
  /** By the checkpoint's own template and tokenizer. */
  own_prompt_tokens: Schema.Int,
  own_completion_tokens: Schema.Int,
});
export type UsageRow = typeof UsageRow.Type;

type Metric = typeof Metrics.tables.metrics.Type;

export const measureUsage = (
  rows: readonly UsageRow[],
  prefix: string | undefined,
  price: Backend["pricePerMillion"],
): { readonly lines: readonly string[]; readonly metrics: readonly Metric[] } => {
  const sum = (count: (row: UsageRow) => number) => rows.reduce((total, row) => total + count(row), 0);
  const prompt = sum((row) => row.prompt_tokens ?? row.own_prompt_tokens);
  const completion = sum((row) => row.completion_tokens ?? row.own_completion_tokens);
  const cost = price === undefined ? undefined : (prompt * price.prompt + completion * price.completion) / 1e6;
  const spent = cost === undefined ? "" : `, cost ${cost.toFixed(4)}`;
  const lines = [`${rows.length} replies: ${prompt} + ${completion} tokens${spent}`];
  const metrics: Metric[] = [];
  const add = (key: string, value: number, lo: number | null = null, hi: number | null = null) => {
    if (prefix !== undefined) metrics.push({ key: `${prefix}.${key}`, value, lo, hi, n: rows.length });
  };
  add("prompt_tokens", prompt);
  add("completion_tokens", completion);
  if (cost !== undefined) add("cost", cost);
  for (const part of ["prompt", "completion"] as const) {
    const told = rows.flatMap((row) => {
      const server = row[`${part}_tokens`];
      return server === null ? [] : [Math.abs(server - row[`own_${part}_tokens`])];
    });
    const differ = told.filter((by) => by > 0);
    const rate = wilson(differ.length, told.length);
    if (told.length > 0) add(`${part}_mismatch`, rate.value, rate.lo, rate.hi);
    if (differ.length > 0)
      lines.push(
        `the server counts other ${part} tokens than this checkpoint in ${differ.length} of ${told.length} replies, by up to ${differ.reduce((a, b) => Math.max(a, b), 0)}: ${
          part === "prompt"
            ? "its chat template or tokenizer may be another one"
            : "spans may be off by so much; let the server tell its tokens (extraBody: { return_token_ids: true })"
        }`,
      );
  }
  return { lines, metrics };
};
