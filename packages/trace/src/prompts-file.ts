/** Prompts from a JSON Lines file of the user's own. */
import { readFileSync } from "node:fs";
import { type Prompt, PromptLabel } from "@precipice/artifacts";
import { StageError } from "@precipice/runtime";
import * as Schema from "effect/Schema";

const line = Schema.Struct({
  id: Schema.optionalKey(Schema.String),
  prompt: Schema.String.check(Schema.isPattern(/\S/, { expected: "a prompt that is not blank" })),
  label: PromptLabel,
  split: Schema.optionalKey(Schema.String),
  family: Schema.optionalKey(Schema.NullOr(Schema.String)),
  reference: Schema.optionalKey(Schema.NullOr(Schema.String)),
  note: Schema.optionalKey(Schema.NullOr(Schema.String)),
});

const fail = (message: string, remedy: string): never => {
  throw new StageError({ code: "E_PROMPTS_FILE", message, remedy });
};

/** One object per line with `prompt` and `label` (harmful | harmless), and optionally id, split, family, reference, note. */
export const readPromptsFile = (file: string): Prompt[] => {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return fail(
      `${file} cannot be read: ${(error as Error).message}`,
      "Check the path; it is relative to the pipeline file",
    );
  }
  const lines = new Map<string, number>();
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .flatMap((raw, i): Prompt[] => {
      if (raw.trim() === "") return [];
      const where = `${file}:${i + 1}`;
      let value: unknown;
      try {
        value = JSON.parse(raw);
      } catch (error) {
        return fail(`${where} is not JSON: ${(error as Error).message}`, "Write one JSON object per line");
      }
      const row = Schema.decodeUnknownResult(line)(value);
      if (row._tag === "Failure")
        return fail(
          `${where}: ${String(row.failure)}`,
          'Each line needs "prompt" and "label": "harmful" or "harmless"',
        );
      const { id = `line-${i + 1}`, prompt, label, split, family, reference, note } = row.success;
      if (lines.has(id))
        return fail(`${where}: id "${id}" is that of line ${lines.get(id)}`, "Give every prompt its own id, or none");
      lines.set(id, i + 1);
      return [
        {
          id,
          prompt,
          label,
          split: split ?? "file",
          family: family ?? null,
          reference: reference ?? null,
          note: note ?? null,
        },
      ];
    });
};
