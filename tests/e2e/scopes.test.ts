/** Scopes of interventions where the model writes its own close marker: what is fed with the gate open, and what it changes. */
import {
  Checkpoint,
  decodeProgram,
  findSpans,
  type GeneratedRow,
  Generator,
  inScope,
  promptIds,
  reasoningOf,
  regionsOf,
} from "@precipice/model";
import { type ResidentTensor, RuntimeSession } from "@precipice/onnx";
import { organismFolder, organismRequests } from "@precipice/organism";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { longRopeFrom } from "../../packages/model/src/architecture/rope.ts";
import { generateRows } from "../../packages/model/src/generation/loop.ts";

describe("scopes on the organism", () => {
  const checkpoint = Checkpoint.open(organismFolder("cliff") as string);
  const { config, tokenizer } = checkpoint;
  const reasoning = reasoningOf(checkpoint);
  const requests = organismRequests({ split: "heldout", framings: "all", label: "both", count: 6, seed: 1 });
  const rows = requests.map(({ prompt }, seed) => ({ ids: promptIds(checkpoint, prompt), seed }));
  const options = { maxNewTokens: 120, reasoning };
  const MAX = 256;
  // Half of the heads silenced: strong enough that any answer changes.
  const scale = Float32Array.from({ length: config.layers * config.heads }, (_, i) => (i % 2 === 0 ? 0 : 1));
  let plain: ReadonlyArray<GeneratedRow>;
  let generator: Generator;
  beforeAll(async () => {
    generator = await Generator.open(checkpoint, { workers: 1, maxTokens: MAX, headScale: "none" });
    plain = await generator.generate(rows, options);
  });
  afterAll(() => generator.close());
  const spansOf = (row: number, ids: ReadonlyArray<number>) => {
    const prompt = rows[row]?.ids as number[];
    return findSpans(tokenizer.pieces([...prompt, ...ids]), prompt.length, reasoning);
  };

  it.each(["template", "response"] as const)(
    "%s: leaves the text before alone, and acts from there on",
    async (scope) => {
      const call = { ...options, headScale: { scale, renorm: "none" as const, scope } };
      const changed = await generator.generate(rows, call);
      let differing = 0;
      for (const [i, { ids }] of plain.entries()) {
        const { responseStart } = spansOf(i, ids);
        expect(responseStart).toBeDefined();
        // The first token of a region is the first one fed with the gate open: text may differ behind it.
        const same = (responseStart as number) - (rows[i]?.ids.length as number) + (scope === "response" ? 1 : -1);
        expect(changed[i]?.ids.slice(0, same)).toEqual(ids.slice(0, same));
        if (changed[i]?.ids.join() !== ids.join()) differing++;
      }
      expect(differing).toBeGreaterThan(0);
      const alone = await Promise.all(rows.map((row) => generator.generate([row], call)));
      expect(alone.map(([row]) => row?.ids)).toEqual(changed.map((row) => row.ids));
    },
  );

  it.each(["template", "response"] as const)("%s: opens the gate at exactly its tokens", async (scope) => {
    const session = await RuntimeSession.open(decodeProgram(checkpoint, MAX, "none"));
    const [row] = rows as [(typeof rows)[number], ...typeof rows];
    const gates: number[] = []; // last value by token
    try {
      const done: GeneratedRow[] = [];
      await generateRows(
        {
          ...config,
          decode: {
            run: (feeds) => {
              const dataOf = (name: string) => (feeds[name] as ResidentTensor).data as ArrayLike<number | bigint>;
              const past = Number(dataOf("past_length")[0]);
              Array.from(dataOf("head_gate")).forEach((gate, t) => {
                gates[past + t] = Number(gate);
              });
              return session.run(feeds);
            },
          },
          maxRows: 1,
          kvBytes: 1e9,
          prefill: { tokensPerRun: 1024, tokensPerRow: 512 },
          maxTokens: MAX,
          stopIds: config.eosIds,
          longRopeFrom: longRopeFrom(config.rope),
          text: () => tokenizer,
        },
        [row],
        options,
        { headScale: { scale: new Float32Array(config.layers * config.heads).fill(1), renorm: "none", scope } },
        { checkpoint: () => {}, onRow: (r) => done.push(r), onTokens: () => {} },
      );
      const ids = done[0]?.ids as number[];
      expect(ids).toEqual(plain[0]?.ids); // factors of 1 change nothing
      const exact = regionsOf(spansOf(0, ids), row.ids.length);
      const pieces = tokenizer.pieces([...row.ids, ...ids]);
      expect(pieces.slice(exact.templateStart, exact.responseStart).join("")).toBe("\n</think>\n\n");
      let first = exact.templateStart;
      while (pieces[first]?.trim() === "") first++; // the blank before the marker was fed as thinking
      const expected = gates.map((_, t) => (inScope(scope, t, { ...exact, templateStart: first }) ? 1 : 0));
      expect(gates).toHaveLength(row.ids.length + ids.length - 1); // the last token is never fed
      expect(expected).toContain(1);
      expect(gates).toEqual(expected);
    } finally {
      await session.close();
    }
  });

  it("refuses a scope that nothing can tell", async () => {
    const headScale = { scale, renorm: "none" as const, scope: "template" as const };
    await expect(generator.generate(rows, { maxNewTokens: 4, headScale })).rejects.toThrow(
      "headScale.scope: template is told by the thinking's markers",
    );
  });
});
