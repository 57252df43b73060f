import { cpSync } from "node:fs";
import { join } from "node:path";
import { allResidPost, Checkpoint, residPost, writeSafetensors } from "@precipice/model";
import { describe, expect, it } from "vitest";
import { difference } from "../../../tests/support/compare.ts";
import { rows, runIn, temporary } from "../../../tests/support/on-disk.ts";
import { checkpoint, modelArtifact, traceOf, tracesArtifact, vectorsAt } from "../../../tests/support/small-model.ts";
import { probeCapture } from "./capture-stage.ts";

const root = temporary();
const { hidden, layers } = checkpoint.config;
// short before long: batches are made longest first
const traces = [traceOf("a", 3), traceOf("b", 40), traceOf("open", 12, {}, true), traceOf("c", 1), traceOf("d", 25)];
type Config = typeof probeCapture.config.Encoded;

const capture = async (config: Config, of: Checkpoint = checkpoint) => {
  const inputs = { model: await modelArtifact(root, of), traces: await tracesArtifact(root, traces) };
  const { activations } = await runIn(root, probeCapture, { config, inputs });
  return rows(activations.vectors("activations"));
};

describe("probe.capture", () => {
  it("writes site by site the vectors of all traces, in their order", async () => {
    const sites = [residPost(2), "hook_embed"];
    const { columns, dim, data } = await capture({ sites, positions: ["prompt.last", "final"] });
    const places = traces.flatMap((t) => [
      { trace_id: t.id, position: "prompt.last", token_index: 2 },
      ...(t.response_start === null ? [] : [{ trace_id: t.id, position: "final", token_index: t.response_start - 1 }]),
    ]);
    expect(columns).toEqual(sites.flatMap((site) => places.map((place) => ({ ...place, site }))));
    expect(dim).toBe(hidden);
    expect(data).toHaveLength(columns.length * dim);
    for (const { id, ids } of traces) {
      const own = places.filter((place) => place.trace_id === id).map((place) => place.token_index);
      const alone = await vectorsAt(ids, own, sites);
      for (const site of sites) {
        const found = columns.flatMap((c, i) =>
          c.trace_id === id && c.site === site ? Array.from(data.subarray(i * dim, (i + 1) * dim)) : [],
        );
        // f32 sums in another order: a batch pads and tiles differently from a row alone
        expect(found).toHaveLength(own.length * dim);
        expect(difference(found, alone[site] as Float32Array).maxAbs, `${id} ${site}`).toBeLessThan(1e-5);
      }
    }
  });

  it("takes the last block by default, and all of them on request", async () => {
    expect((await capture({})).columns.map((c) => [c.trace_id, c.site])).toEqual(
      ["a", "b", "c", "d"].map((id) => [id, residPost(layers - 1)]),
    );
    const all = await capture({ sites: "all", positions: ["thinking"] });
    expect([...new Set(all.columns.map((c) => c.site))]).toEqual(allResidPost(checkpoint.config));
    expect(all.columns).toHaveLength(layers * (3 + 40 + 12 + 1 + 25));
  });

  it("says how large it would be before it computes anything", async () => {
    const vectors = 3 + 40 + 12 + 1 + 25;
    const bytes = 4 * vectors * hidden * layers;
    await expect(capture({ sites: "all", positions: ["thinking"], maxBytes: bytes - 1 })).rejects.toMatchObject({
      code: "E_CAPTURE_SIZE",
      message: `this would capture ${bytes} bytes (${vectors} vectors at ${layers} sites), the limit is ${bytes - 1}`,
    });
    expect((await capture({ sites: "all", positions: ["thinking"], maxBytes: bytes })).data).toHaveLength(bytes / 4);
  });

  it.each([
    ["blocks.9.hook_resid_post", /the model has 4 layers/],
    ["blocks.0.hook_nothing", /unknown; sites are/],
    ["blocks.0.attn.hook_pattern", /not a vector per token/],
  ])("refuses %s", async (site, message) => {
    await expect(capture({ sites: [site] })).rejects.toMatchObject({
      code: "E_DECODER",
      message: expect.stringMatching(message),
    });
  });

  it("refuses activations that are not finite", async () => {
    const folder = join(root, "broken");
    cpSync(checkpoint.folder, folder, { recursive: true });
    const tensors = Object.fromEntries(
      [...checkpoint.weights].map(([name, { shape }]) => [name, { shape, data: checkpoint.floats(name) }]),
    );
    tensors["model.layers.2.input_layernorm.weight"]?.data.fill(Number.NaN, 5, 6);
    writeSafetensors(join(folder, "model.safetensors"), tensors);
    await expect(capture({ sites: [residPost(1), residPost(2)] }, Checkpoint.open(folder))).rejects.toMatchObject({
      code: "E_CAPTURE_NAN",
      message: `activations at ${residPost(2)} are not finite`,
    });
    expect((await capture({ sites: [residPost(1)] }, Checkpoint.open(folder))).columns).toHaveLength(4);
  });
});
