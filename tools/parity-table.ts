/**
 * Writes docs/parity.md: how close each architecture comes to its reference.
 *
 *     npx node tools/parity-table.ts FOLDER…      its first table, of folders with a checkpoint and golden.safetensors
 *     npx node tools/parity-table.ts --dtypes     its second one, of the tiny checkpoints in tests/corpus in every dtype
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkParity, type Parity, type ParityRow } from "@precipice/model";
import { withDtypeCopies } from "../tests/support/dtype-copies.ts";

const FILE = fileURLToPath(new URL("../docs/parity.md", import.meta.url));
const TINY = fileURLToPath(new URL("../tests/corpus/tiny/", import.meta.url));
const SECOND = "## Every architecture in every dtype";

const GROUPS: ReadonlyArray<readonly [title: string, belongs: RegExp]> = [
  ["logits", /^(seq\d|padded|long|edge)\.logits/],
  ["residual stream", /hidden_states$|prenorm$/],
  ["head outputs", /head_out$/],
  ["attention", /\.attn$/],
  ["heads scaled", /^(seq\d\.)?ablate/],
  ["router", /router_logits$|expert_/],
  ["loss", /^(loss|nll)$/],
  ["LoRA: logits", /^lora_\w+\.logits$/],
  ["LoRA: gradients", /^lora_\w+\.grad\./],
  ["LoRA: after 5 AdamW steps", /^lora_\w+\.adamw5\./],
  ["LoRA: the same, clipped", /^lora_\w+\.adamw5_clip\./],
  ["LoRA: 6 steps, a sequence each", /^lora_\w+\.cycle\.adamw6\./],
  ["all weights: gradients", /^full\.grad\./],
  ["all weights: after 3 AdamW steps", /^full\.adamw3\./],
  ["losses of the steps", /\.losses/],
  ["gradient norms, relative", /\.grad_norms/],
  ["generation: logits", /step_logits$/],
  ["KV cache", /cache_[kv]$/],
  ["bf16", /^bf16/],
  ["f16", /^f16/],
  ["sharded", /^sharded/],
];

const worst = (rows: ReadonlyArray<ParityRow>, belongs: RegExp): string => {
  const found = rows.filter((row) => belongs.test(row.tensor));
  return found.length === 0 ? "" : Math.max(...found.map((row) => row.maxAbs)).toExponential(0);
};

type Set = Parity & { readonly name: string };

const tokens = (rows: ReadonlyArray<ParityRow>) => rows.filter((row) => row.tensor.endsWith("tokens"));
const share = (rows: ReadonlyArray<ParityRow>) => `${rows.filter((r) => r.pass).length} of ${rows.length}`;
const table = (sets: ReadonlyArray<Set>, groups: typeof GROUPS): string[] => [
  `| | ${sets.map((s) => s.name).join(" | ")} |`,
  `|---|${sets.map(() => "---|").join("")}`,
  ...groups.map(([title, belongs]) => `| ${title} | ${sets.map((s) => worst(s.rows, belongs)).join(" | ")} |`),
  `| greedy tokens equal | ${sets.map((s) => `${share(tokens(s.rows))} runs`).join(" | ")} |`,
  `| tensors within tolerance | ${sets.map((s) => share(s.rows)).join(" | ")} |`,
  "",
];

const ofFolders = (sets: ReadonlyArray<Set>): string[] => [
  "# Parity with transformers",
  "",
  "Largest absolute difference between this project in f32 and the reference (transformers, f32, eager attention), over all sequences of a",
  "small random checkpoint per architecture. Accepted: 1e-4 for activations and logits (rms 1.5e-5), 2e-5 for attention, 5e-5 for losses per token,",
  "1e-5 for losses; in training 1e-4 for gradients (and 3e-5 of a tensor's norm), 2e-5 for gradient norms, 1e-4 for trained parameters (rms 3e-6);",
  "the reference's own distance from f64 is up to 4e-5. Written by `tools/parity-table.ts`; `precipice doctor parity FOLDER --training` prints it per tensor.",
  "",
  ...table(sets, GROUPS),
];

const ofDtypes = (sets: ReadonlyArray<Set>): string[] => [
  SECOND,
  "",
  "The same of the tiny checkpoints that travel with the repository ([what each turns on](../tests/corpus/tiny/README.md)), their weights as",
  "they are, rounded to bf16 and to f16, and in two shards; `tests/parity/dtypes.test.ts` is the comparison.",
  "",
  ...table(sets, [
    ["logits, f32", /^(seq\d|long|edge)\.logits/],
    ["logits, bf16", /^bf16/],
    ["logits, f16", /^f16/],
    ["logits, f32 in shards", /^sharded/],
    ["residual stream", /hidden_states$|prenorm$/],
    ["attention", /\.attn$/],
    ["heads scaled", /ablate.*\.logits$/],
    ["router", /router_logits$|expert_/],
    ["loss", /^(loss|nll)$/],
    ["generation: logits", /step_logits$/],
    ["KV cache", /cache_[kv]$/],
  ]),
];

const tiny = async (name: string): Promise<Set> => {
  const folder = mkdtempSync(join(tmpdir(), "precipice-"));
  try {
    withDtypeCopies(join(TINY, name), folder);
    return { name, ...(await checkParity(folder)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const given = process.argv.slice(2);
if (given.length === 0) {
  console.error("give folders with a checkpoint and golden.safetensors, or --dtypes");
  process.exit(2);
}
const dtypes = given[0] === "--dtypes";
const names = dtypes ? readdirSync(TINY).filter((name) => !name.endsWith(".md")) : given;
const sets: Set[] = [];
for (const name of names)
  sets.push(dtypes ? await tiny(name) : { name: basename(name), ...(await checkParity(name, { training: true })) });
const [first = "", second = ""] = readFileSync(FILE, "utf8").split(SECOND);
const lines = dtypes ? [first.trimEnd(), "", ...ofDtypes(sets)] : [...ofFolders(sets), SECOND + second.trimEnd(), ""];
writeFileSync(FILE, lines.join("\n"));
if (sets.some((s) => !s.pass)) process.exitCode = 1;
