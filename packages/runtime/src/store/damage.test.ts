/** What a flipped bit in any stored file does to the runs that come after it: nothing silent, and `heal` undoes it. */
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import { describe, expect, it } from "vitest";
import { hashBlockBytes } from "../artifact/inventory.ts";
import { kind } from "../artifact/kind.ts";
import { type Manifest, readManifest } from "../artifact/manifest.ts";
import { open } from "../artifact/reader.ts";
import { create } from "../artifact/writer.ts";
import { registry as mapping, Squares } from "../fixtures/mapping.ts";
import { Numbers, Page } from "../fixtures/numbers.ts";
import { planned, run } from "../fixtures/project.ts";
import { Points, stream } from "../fixtures/streaming.ts";
import { memoryFolder } from "../fixtures/temporary.ts";
import * as Registry from "../registry.ts";
import * as Stage from "../stage.ts";
import { listEntries } from "./entries.ts";
import { verifyEntry } from "./verify.ts";

const norms = Stage.make("num.norms", {
  version: 1,
  description: "Norms of all vectors, whole and batch by batch, and what a free file holds",
  config: Schema.Struct({}),
  inputs: { squares: Squares, points: Points, page: Page },
  outputs: { numbers: Numbers },
  run: Effect.fn("num.norms")(function* ({ inputs, outputs }) {
    const norm = ({ data }: { readonly data: Float32Array }) => ({ value: Math.hypot(...data) });
    const whole = yield* inputs.squares.vectors("points");
    const rows = yield* inputs.squares.rows("squares");
    const batches = yield* Stream.runCollect(inputs.points.vectorBatches("points"));
    const page = readFileSync(inputs.page.file("page.txt"), "utf8");
    yield* outputs.numbers.writeRows("numbers", [
      norm(whole),
      ...rows.map(({ square }) => ({ value: square })),
      ...batches.map(norm),
      { value: Number(page) },
    ]);
  }),
});

const registry = Registry.make([...mapping.stages.values(), stream, norms]);

const text = `version: 1
nodes:
  a: { stage: num.source, config: { values: [1, 2, 3, 4] } }
  b: { stage: num.square, inputs: { numbers: a }, config: { rowsPerShard: 2 } }
  c: { stage: num.points, inputs: { numbers: a } }
  d: { stage: num.sum, inputs: { numbers: a } }
  e: { stage: num.norms, inputs: { squares: b, points: c, page: d.page } }
`;

/** Bytes of all stored files, less what tells when, how long and in which order. */
const stored = (root: string): Record<string, string> =>
  Object.fromEntries(
    files(root).map((path) => {
      const bytes = readFileSync(join(root, ".precipice/store", path));
      if (!path.endsWith("artifact.json")) return [path, bytes.toString("hex")];
      const parsed = parse(String(bytes));
      if (parsed === undefined) return [path, String(bytes)];
      const { createdAt: _, manifestSha256: _1, origin, ...manifest } = parsed;
      return [path, JSON.stringify({ ...manifest, origin: { ...origin, durationMs: 0, joules: 0, shards: [] } })];
    }),
  );

// biome-ignore lint/suspicious/noExplicitAny: whatever a flipped bit left of it
const parse = (text: string): any => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const files = (root: string): ReadonlyArray<string> =>
  readdirSync(join(root, ".precipice/store"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, ".precipice/store/").length))
    .sort();

const damagedEntries = (root: string) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const entries = yield* listEntries(join(root, ".precipice"));
      const verdicts = yield* Effect.forEach(entries, (entry) => verifyEntry(entry, undefined));
      return verdicts.filter(({ problems }) => problems.length > 0).map(({ digest }) => digest);
    }),
  );

describe("a flipped bit", () => {
  it("in any stored file: an error that names it or the same bytes, and heal restores them", async () => {
    const clean = memoryFolder();
    const { states, plan } = await run({ root: clean, text, registry });
    expect(states.every((state) => state.endsWith("done"))).toBe(true);
    const expected = stored(clean);
    const last = join(".precipice/store/numbers", plan.nodes.at(-1)?.digests.numbers ?? "?");
    let read = 0;
    for (const [index, file] of Object.keys(expected).entries()) {
      if (last.endsWith(file.split("/")[1] ?? "")) continue;
      const root = memoryFolder();
      cpSync(join(clean, ".precipice"), join(root, ".precipice"), { recursive: true });
      rmSync(join(root, last), { recursive: true });
      const path = join(root, ".precipice/store", file);
      const bytes = readFileSync(path);
      const bit = (index * 7919 + 13) % (8 * bytes.length);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      writeFileSync(path, bytes);

      const { result } = await run({ root, text, registry });
      const failures = [...result.nodes.values()].filter(({ state }) => state === "failed");
      for (const { error } of failures) expect(error, file).toMatchObject({ code: "E_ARTIFACT_DAMAGED" });
      if (failures.length > 0) read += 1;
      const after = stored(root);
      for (const [name, content] of Object.entries(after))
        if (name !== file) expect(content, `${file}: ${name}`).toBe(expected[name]);
      // A damaged manifest is seen while planning and made anew at once; what is not read stays for verify to find.
      if (failures.length > 0) expect(await damagedEntries(root)).toEqual([file.split("/")[1]]);

      const healed = await run({ root, text, registry, heal: true });
      expect(healed.result.status, file).toBe("ok");
      const digest = file.split("/")[1] as string;
      const isShard = (await Effect.runPromise(readManifest(join(clean, ".precipice/store", file, "..")))).origin
        .shardRows;
      // A shard whose node is stored whole is needed by nobody.
      if (isShard === undefined) expect(stored(root), file).toEqual(expected);
      else expect((await damagedEntries(root)).filter((one) => one !== digest)).toEqual([]);
    }
    expect(read).toBeGreaterThan(3);
  });

  it("in a shard: the shard is computed again, and its node has the same bytes", async () => {
    const root = memoryFolder();
    const { plan } = await run({ root, text, registry });
    const expected = stored(root);
    const node = plan.nodes.find(({ node }) => node.name === "b");
    rmSync(plan.store.pathOf(Squares, node?.digests.squares ?? "?"), { recursive: true });
    const shard = files(root).find((file) => file.startsWith("squares/") && file.endsWith("points.arrow")) as string;
    const path = join(root, ".precipice/store", shard);
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 4, bytes.length >> 1);
    writeFileSync(path, bytes);
    expect((await run({ root, text, registry })).result.status).toBe("ok");
    expect(stored(root)).toEqual(expected);
    expect(await damagedEntries(root)).toEqual([]);
  });

  it("while the run goes on: a free file that changes under its reader publishes nothing", async () => {
    const root = memoryFolder();
    const change = Stage.make("num.change", {
      version: 1,
      description: "Changes its own input",
      config: Schema.Struct({}),
      inputs: { page: Page },
      outputs: { numbers: Numbers },
      run: Effect.fnUntraced(function* ({ inputs, outputs }) {
        yield* outputs.numbers.writeRows("numbers", [{ value: 1 }]);
        writeFileSync(inputs.page.file("page.txt"), "11\n");
      }),
    });
    const own = `${text}  f: { stage: num.change, inputs: { page: d.page } }\n`;
    const { result } = await run({
      root,
      text: own,
      registry: Registry.make([...registry.stages.values(), change]),
      keepGoing: true,
    });
    expect(result.nodes.get("f")).toMatchObject({ state: "failed", error: { code: "E_ARTIFACT_DAMAGED" } });
  });
});

describe("a large file", () => {
  const Wide = kind("wide", {
    version: 1,
    description: "Vectors",
    vectors: { points: Schema.Struct({ value: Schema.Int }) },
  });
  const dim = 1 << 16;

  const written = async (): Promise<string> => {
    const folder = memoryFolder();
    const { writer, seal } = create(Wide, folder);
    for (let value = 0; value < 3; value++) {
      const data = new Float32Array(dim * 24).fill(value);
      const columns = Array.from({ length: 24 }, (_, i) => ({ value: 24 * value + i }));
      await Effect.runPromise(writer.writeVectors("points", { columns, dim, data }));
    }
    const contents = await Effect.runPromise(seal);
    const origin = { stage: "s", stageVersion: 1, output: "o", config: {}, inputs: {}, numerics: {}, durationMs: 0 };
    const manifest: Manifest = {
      format: 1,
      kind: "wide",
      kindVersion: 1,
      digest: "0",
      contents,
      origin,
      versions: {},
      createdAt: "2026-01-01T00:00:00Z",
    };
    writeFileSync(join(folder, "artifact.json"), JSON.stringify(manifest));
    return folder;
  };

  const values = (folder: string, pick?: (row: { readonly value: number }) => boolean) =>
    Effect.runPromise(
      Effect.result(
        Stream.runCollect(open(Wide, folder, { digest: "0", node: "n" }).vectorBatches("points", pick)).pipe(
          Effect.map((batches) => batches.map(({ data }) => data[0])),
        ),
      ),
    );

  it("is hashed by blocks: a window needs those it touches, and damage is told with its place", async () => {
    const folder = await written();
    const path = join(folder, "points.arrow");
    const bytes = readFileSync(path);
    expect(bytes.length).toBeGreaterThan(2 * hashBlockBytes);
    const { contents } = await Effect.runPromise(readManifest(folder));
    expect(contents.files[0]?.blocks).toHaveLength(Math.ceil(bytes.length / hashBlockBytes));
    expect(await values(folder)).toMatchObject({ success: [0, 1, 2] });

    const at = 9 << 20; // in the second of three batches, behind its columns
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    writeFileSync(path, bytes);
    expect(await values(folder, ({ value }) => value < 24)).toMatchObject({ success: [0] });
    expect(await values(folder)).toMatchObject({ failure: { code: "E_ARTIFACT_DAMAGED" } });
    expect(await values(folder)).toMatchObject({
      failure: { message: expect.stringMatching(/between byte 8388608 and/) },
    });
  });

  it("is not believed when it changes between two batches, though size and time of change are put back", async () => {
    const folder = await written();
    const path = join(folder, "points.arrow");
    const reader = open(Wide, folder, { digest: "0", node: "n" });
    let batch = 0;
    const result = await Effect.runPromise(
      Effect.result(
        Stream.runForEach(reader.vectorBatches("points"), () =>
          Effect.sync(() => {
            batch += 1;
            if (batch !== 1) return;
            const bytes = readFileSync(path);
            bytes[17 << 20] = 7;
            writeFileSync(path, bytes);
          }),
        ),
      ),
    );
    expect(result).toMatchObject({
      failure: { code: "E_ARTIFACT_DAMAGED", message: expect.stringContaining("changed while") },
    });
  });

  it("is read by a manifest of an earlier version, without blocks and its own hash", async () => {
    const folder = await written();
    const manifest = await Effect.runPromise(readManifest(folder));
    const earlier = manifest.contents.files.map(({ blocks: _, ...file }) => file);
    writeFileSync(
      join(folder, "artifact.json"),
      JSON.stringify({ ...manifest, contents: { ...manifest.contents, files: earlier } }),
    );
    expect(await values(folder, ({ value }) => value < 24)).toMatchObject({ success: [0] });
    const other = `${folder}.copy`;
    renameSync(folder, other);
    const bytes = readFileSync(join(other, "points.arrow"));
    bytes[17 << 20] = 7;
    writeFileSync(join(other, "points.arrow"), bytes);
    expect(await values(other, ({ value }) => value < 24)).toMatchObject({ failure: { code: "E_ARTIFACT_DAMAGED" } });
    rmSync(other, { recursive: true });
  });
});

describe("a plan", () => {
  it("refuses an artifact of a later format, and leaves it alone", async () => {
    const root = memoryFolder();
    const { plan } = await run({ root, text, registry });
    const path = join(plan.store.pathOf(Numbers, plan.nodes[0]?.digests.numbers ?? "?"), "artifact.json");
    const later = JSON.stringify({ format: 2, anything: "else" });
    writeFileSync(path, later);
    expect(await Effect.runPromise(Effect.flip(planned({ root, text, registry })))).toMatchObject({
      code: "E_ARTIFACT_FORMAT",
    });
    expect(readFileSync(path, "utf8")).toBe(later);
  });
});
