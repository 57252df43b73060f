/**
 * A Qwen2-1.5B-shaped bf16 checkpoint with random weights: load time, peak memory, prefill and decode speed, f32 and int8; and
 * the same in transformers (f32, two threads) where a Python with torch is named.
 *
 *     npx node bench/large.ts [--json] [--folder PATH] [--python PATH]     needs 6 GB of disk and 10 GB of memory
 *
 * The file is made once in the folder (default: a temporary one, removed afterwards).
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Checkpoint, Generator } from "@precipice/model";
import { median } from "@precipice/stats";
import { writeLargeCheckpoint } from "./large-checkpoint.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    folder: { type: "string" },
    python: { type: "string", default: "python3" },
  },
});
const PROMPT = 256;
const STEPS = 32;
const PEER = `
import sys, time, json, torch, resource
from transformers import AutoModelForCausalLM
folder, prompt, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(2)
def once(f):
    s = time.perf_counter(); f(); return time.perf_counter() - s
box = []
load = once(lambda: box.append(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()))
model = box[0]
def gen(tokens, more):
    x = torch.arange(10, 10 + tokens)[None]
    return sorted(once(lambda: model.generate(x, attention_mask=torch.ones_like(x), max_new_tokens=more, min_new_tokens=more, do_sample=False, pad_token_id=0)) for _ in range(3))[1]
with torch.inference_mode():
    gen(16, 2)
    prefill = gen(prompt, 1)
    decode = gen(16, steps + 1) - gen(16, 1)
print(json.dumps({"loadSeconds": load, "prefillTokensPerSecond": prompt / prefill, "decodeTokensPerSecond": steps / decode, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
`;

interface Figures {
  readonly loadSeconds: number;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  readonly peakBytes: number;
}

/** The same in transformers; undefined where Python has no torch. */
const theirs = (folder: string): Figures | undefined => {
  const { status, stdout } = spawnSync(values.python, ["-c", PEER, folder, String(PROMPT), String(STEPS)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? (JSON.parse(stdout.trim().split("\n").at(-1) as string) as Figures) : undefined;
};

/** Into one buffer: garbage of reading would count as memory of the checkpoint. */
const warmPageCache = (path: string): void => {
  const buffer = new Uint8Array(1 << 22);
  const file = openSync(path, "r");
  while (readSync(file, buffer) > 0);
  closeSync(file);
};

const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
};

const measure = async (checkpoint: Checkpoint, weights: "float" | "int8"): Promise<Figures> => {
  let generator: Generator | undefined;
  const load = await seconds(async () => {
    generator = await Generator.open(checkpoint, { workers: 1, threads: 2, batch: 1, maxTokens: 512, weights });
  });
  await using open = generator as Generator;
  const prompt = (tokens: number) => [{ ids: Array.from({ length: tokens }, (_, t) => 10 + t), seed: 0 }];
  const once = (tokens: number, more: number) =>
    seconds(() => open.generate(prompt(tokens), { maxNewTokens: more, stopIds: [] }));
  const generate = async (tokens: number, more: number) =>
    median([await once(tokens, more), await once(tokens, more), await once(tokens, more)]);
  await once(16, 2);
  const prefill = await generate(PROMPT, 1);
  const decode = (await generate(16, STEPS + 1)) - (await generate(16, 1));
  return {
    loadSeconds: load,
    prefillTokensPerSecond: PROMPT / prefill,
    decodeTokensPerSecond: STEPS / decode,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
};

const folder = values.folder ?? mkdtempSync(join(tmpdir(), "precipice-large-"));
process.env["PRECIPICE_CACHE"] ??= join(folder, "cache");
try {
  writeLargeCheckpoint(folder);
  const fileBytes = statSync(join(folder, "model.safetensors")).size;
  const checkpoint = Checkpoint.open(folder);
  warmPageCache(join(folder, "model.safetensors"));
  const float = await measure(checkpoint, "float");
  const making = await seconds(async () =>
    (await Generator.open(checkpoint, { workers: 1, maxTokens: 64, weights: "int8" })).close(),
  );
  const int8 = await measure(checkpoint, "int8");
  const transformers = theirs(folder);
  const result = {
    fileBytes,
    float,
    peakOverFile: float.peakBytes / fileBytes,
    int8,
    int8CopySeconds: making,
    transformers: transformers ?? null,
    prefillOverTransformers:
      transformers === undefined ? null : float.prefillTokensPerSecond / transformers.prefillTokensPerSecond,
    decodeOverTransformers:
      transformers === undefined ? null : float.decodeTokensPerSecond / transformers.decodeTokensPerSecond,
    int8OverFloatDecode: int8.decodeTokensPerSecond / float.decodeTokensPerSecond,
  };
  console.log(values.json ? JSON.stringify(result) : result);
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
