/** Parity of generation: greedy tokens and their logits, batches, ablated heads, the cache after the prompt. */
import { floats, Session } from "@precipice/onnx";
import { padRows } from "../batch.ts";
import { Generator } from "../generation/generator.ts";
import { forwardProgram } from "../programs/forward.ts";
import { headScale, RENORMS } from "./forward-rows.ts";
import type { Golden } from "./golden.ts";
import { type ParityRow, parityRow } from "./rows.ts";

export const generationRows = async (golden: Golden): Promise<ParityRow[]> => {
  const { checkpoint } = golden;
  const { config } = checkpoint;
  const found: ParityRow[] = [];
  const exact = (name: string, ids: ReadonlyArray<number>) =>
    found.push(parityRow(name, ids, golden.ints(name), "exact"));
  const close = (name: string, values: ArrayLike<number>) =>
    found.push(parityRow(name, values, golden.floats(name), "activations"));
  const call = (tokens: number) => ({ maxNewTokens: tokens, stopIds: [], recordLogits: true }) as const;
  const maxTokens = Math.min(config.maxPositions, 256);

  await using generator = await Generator.open(checkpoint, { workers: 1, batch: 3, maxTokens });
  // gencross: the answer crosses longrope's switch; genlong: beyond it from the start
  for (const name of ["gen", "gencross", "genlong"].filter((n) => golden.has(`${n}.prompt`))) {
    const [row] = await generator.generate(
      [{ ids: golden.ints(`${name}.prompt`), seed: 0 }],
      call(golden.ints(`${name}.tokens`).length),
    );
    exact(`${name}.tokens`, row?.ids ?? []);
    close(`${name}.step_logits`, row?.logits ?? []);
  }
  const [prompts, mask] = [golden.ints("genbatch.prompt"), golden.ints("genbatch.mask")];
  const width = prompts.length / 3;
  const rows = [0, 1, 2].map((b) => ({
    seed: b,
    ids: prompts.slice(b * width, (b + 1) * width).filter((_, t) => mask[b * width + t] === 1),
  }));
  exact(
    "genbatch.tokens",
    (await generator.generate(rows, call(24))).flatMap((r) => r.ids),
  );

  for (const [mode, renorm] of RENORMS) {
    await using ablated = await Generator.open(checkpoint, { workers: 1, batch: 3, maxTokens, headScale: renorm });
    const scale = { scale: headScale(config, 0), renorm, scope: "all" } as const;
    const [row] = await ablated.generate([{ ids: golden.ints("gen.prompt"), seed: 0 }], {
      ...call(24),
      headScale: scale,
    });
    exact(`gen.ablate.${mode}.tokens`, row?.ids ?? []);
    close(`gen.ablate.${mode}.step_logits`, row?.logits ?? []);
  }

  await using session = await Session.open(
    forwardProgram(checkpoint, { maxTokens, keyValues: true, everyToken: true }),
  );
  const out = await session.run({ input_ids: padRows([golden.ints("gen.prompt")], config.vocab).ids });
  for (const [name, kind] of [
    ["gen.cache_k", "key"],
    ["gen.cache_v", "value"],
  ] as const) {
    close(name, Array.from({ length: config.layers }, (_, l) => Array.from(floats(out[`${kind}.${l}`]))).flat());
  }
  return found;
};
