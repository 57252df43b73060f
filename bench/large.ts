/**
 * A Qwen2-1.5B-shaped bf16 checkpoint with random weights: load time, peak memory, prefill and decode speed, f32 and int8; and
 * the same in transformers (f32, two threads) where a Python with torch is named.
 *
 *     npx node bench/large.ts [--json] [--folder PATH] [--python PATH]     needs 6 GB of disk and 12 GB of memory
 *
 * The file is made once in the folder (default: a temporary one, removed afterwards). f32 and int8 take turns, so that both meet the
 * same machine; speeds are medians over the rounds, the ratio is the median of the rounds' ratios. Peak memory is that of f32 alone.
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
const ROUNDS = 7;
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

const prompt = (tokens: number) => [{ ids: Array.from({ length: tokens }, (_, t) => 10 + t), seed: 0 }];
const generating = (generator: Generator, tokens: number, more: number) =>
  seconds(() => generator.generate(prompt(tokens), { maxNewTokens: more, stopIds: [] }));

/** Loaded and warmed up. */
const open = async (checkpoint: Checkpoint, weights: "float" | "int8") => {
  let generator: Generator | undefined;
  const loadSeconds = await seconds(async () => {
    generator = await Generator.open(checkpoint, { workers: 1, threads: 2, batch: 1, maxTokens: 512, weights });
  });
  const opened = generator as Generator;
  await generating(opened, PROMPT, 2);
  return { loadSeconds, generator: opened };
};

/** Tokens per second, once: of a prompt, and of the steps after one. */
const round = async (generator: Generator) => {
  const prefill = await generating(generator, PROMPT, 1);
  const short = await generating(generator, 16, 1);
  const decode = (await generating(generator, 16, STEPS + 1)) - short;
  return { prefill: PROMPT / prefill, decode: STEPS / decode };
};
type Round = Awaited<ReturnType<typeof round>>;

const speeds = (rounds: ReadonlyArray<Round>) => ({
  prefillTokensPerSecond: median(rounds.map((r) => r.prefill)),
  decodeTokensPerSecond: median(rounds.map((r) => r.decode)),
});

const folder = values.folder ?? mkdtempSync(join(tmpdir(), "precipice-large-"));
process.env["PRECIPICE_CACHE"] ??= join(folder, "cache");
try {
  writeLargeCheckpoint(folder);
  const fileBytes = statSync(join(folder, "model.safetensors")).size;
  const checkpoint = Checkpoint.open(folder);
  warmPageCache(join(folder, "model.safetensors"));
  const float = await open(checkpoint, "float");
  const peakBytes = process.resourceUsage().maxRSS * 1024; // before int8 comes
  const making = await seconds(async () =>
    (await Generator.open(checkpoint, { workers: 1, maxTokens: 64, weights: "int8" })).close(),
  );
  const int8 = await open(checkpoint, "int8");
  const rounds: Array<{ readonly float: Round; readonly int8: Round }> = [];
  for (let i = 0; i < ROUNDS; i++)
    rounds.push({ float: await round(float.generator), int8: await round(int8.generator) });
  await Promise.all([float.generator.close(), int8.generator.close()]);
  const ours = { loadSeconds: float.loadSeconds, ...speeds(rounds.map((r) => r.float)), peakBytes };
  const transformers = theirs(folder);
  const result = {
    fileBytes,
    float: ours,
    peakOverFile: peakBytes / fileBytes,
    int8: { loadSeconds: int8.loadSeconds, ...speeds(rounds.map((r) => r.int8)) },
    int8CopySeconds: making,
    transformers: transformers ?? null,
    prefillOverTransformers:
      transformers === undefined ? null : ours.prefillTokensPerSecond / transformers.prefillTokensPerSecond,
    decodeOverTransformers:
      transformers === undefined ? null : ours.decodeTokensPerSecond / transformers.decodeTokensPerSecond,
    int8OverFloatDecode: median(rounds.map((r) => r.int8.decode / r.float.decode)),
  };
  console.log(values.json ? JSON.stringify(result) : result);
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
