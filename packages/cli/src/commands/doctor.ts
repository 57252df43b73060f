/** `precipice doctor`: does it work here; `doctor parity CHECKPOINT`: a checkpoint's numbers against reference tensors beside it. */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { Check } from "../doctor/check.ts";
import { examine } from "../doctor/examine.ts";
import * as flags from "../flags.ts";
import { downloadLine } from "../terminal/download-line.ts";
import { commandErrorOf } from "../terminal/errors.ts";
import { table } from "../terminal/table.ts";
import { outputWidth, type Painter, painterFor, printable, short } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

const parity = Command.make(
  "parity",
  {
    model: Argument.String("model").pipe(
      Argument.withDescription("A checkpoint with golden.safetensors: a folder, or hf://org/name@revision"),
    ),
    training: Flag.Boolean("training").pipe(
      Flag.withDescription(
        "Also gradients and AdamW steps: adapters, all weights, or the optimizer alone (adamw.json)",
      ),
      Flag.withDefault(false),
    ),
    json: flags.json("Print { pass, rows: [{ tensor, maxAbs, rms, tolerance, pass }] }"),
  },
  Effect.fn("precipice doctor parity")(function* ({ model, training, json }) {
    const { pass, rows } = yield* Effect.tryPromise({
      try: async (signal) => {
        const { checkParity, examineConfig } = await import("@precipice/model");
        const { fetchCheckpoint } = await import("@precipice/organism");
        const download = downloadLine();
        const options = { ...download, signal, also: ["golden.safetensors", "train_full.safetensors"] };
        const folder = await fetchCheckpoint(model, process.cwd(), options).finally(download.close);
        for (const notice of examineConfig(folder).notices) process.stderr.write(`note: ${printable(notice)}\n`);
        return checkParity(folder, { training });
      },
      catch: (error) => commandErrorOf(error, "E_PARITY"),
    }).pipe(jsonErrors(json));
    if (!pass) process.exitCode = 1;
    if (json) {
      const plain = rows.map(({ tolerance, ...row }) => ({ ...row, tolerance: tolerance.maxAbs }));
      process.stdout.write(`${JSON.stringify({ pass, rows: plain })}\n`);
      return;
    }
    const cells = rows.map(({ tensor, maxAbs, rms, tolerance, pass }) => ({
      tensor,
      "max abs": short(maxAbs),
      rms: short(rms),
      tolerance: short(tolerance.maxAbs),
      verdict: pass ? "ok" : "MISS",
    }));
    const missed = rows.filter((row) => !row.pass).length;
    const verdict = pass ? `all ${rows.length} tensors within tolerance` : `${missed} of ${rows.length} tensors miss`;
    process.stdout.write(`${table(cells, outputWidth()).join("\n")}\n${verdict}\n`);
  }),
).pipe(
  Command.withDescription("Compare a checkpoint with the reference tensors beside it; exit code 1 on a miss"),
  Command.withExamples([
    { command: "precipice doctor parity tests/corpus/reference/llama-gqa", description: "A table, tensor by tensor" },
    { command: "precipice doctor parity ./folder --training", description: "Gradients and optimizer steps too" },
    { command: "precipice doctor parity hf://org/name@main", description: "Of a checkpoint on a hub" },
    { command: "precipice doctor parity ./folder --json", description: "The same for programs" },
  ]),
);

const styles = { ok: "green", note: "dim", problem: "red" } as const;
const symbols = { ok: "✓", note: "–", problem: "✗" } as const;

function checkLines(checks: ReadonlyArray<Check>, paint: Painter): ReadonlyArray<string> {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks.flatMap(({ name, status, found, remedy }) => [
    `${paint(styles[status], symbols[status])} ${name.padEnd(width)}  ${printable(found)}`,
    ...(remedy === undefined ? [] : [paint("dim", `  ${" ".repeat(width)}  ${printable(remedy)}`)]),
  ]);
}

export const doctorCommand = () =>
  Command.make(
    "doctor",
    { root: flags.root, json: flags.json("Print { ok, checks: [{ name, status, found, remedy }] }") },
    Effect.fn("precipice doctor")(function* ({ root, json }) {
      const folder = yield* flags.resolveRoot(Option.getOrUndefined(root));
      const checks = yield* Effect.promise(() => examine(folder));
      const problems = checks.filter(({ status }) => status === "problem").length;
      if (problems > 0) process.exitCode = 1;
      if (json) process.stdout.write(`${JSON.stringify({ ok: problems === 0, checks }, null, 2)}\n`);
      else {
        const verdict = problems === 0 ? "All that is needed is here." : `${problems} to mend: see ✗.`;
        process.stdout.write(`${[...checkLines(checks, painterFor(process.stdout)), "", verdict].join("\n")}\n`);
      }
    }),
  ).pipe(
    Command.withDescription("Check that this machine has what is needed; exit code 1 if not"),
    Command.withExamples([
      { command: "precipice doctor", description: "Node, onnxruntime and its devices, memory, disk, folders, network" },
      { command: "precipice doctor --json", description: "The same for programs" },
      { command: "precipice doctor parity ./folder", description: "A checkpoint's numbers against a reference" },
    ]),
    Command.withSubcommands([parity]),
  );
