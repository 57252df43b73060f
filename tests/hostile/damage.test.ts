/**
 * One flipped bit in what is stored is told by whoever reads it: typed, with the file and both hashes, and nothing is made of it.
 * And a free file that somebody writes to while a stage works is damage even when it has its old bytes again.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Artifact, Metrics } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import * as Stream from "effect/Stream";
import { describe, expect, it } from "vitest";
import { Numbers, registry as numbers, Page } from "../../packages/runtime/src/fixtures/numbers.ts";
import { type planned, run } from "../../packages/runtime/src/fixtures/project.ts";
import { Points, stream } from "../../packages/runtime/src/fixtures/streaming.ts";
import * as Registry from "../../packages/runtime/src/registry.ts";
import * as Stage from "../../packages/runtime/src/stage.ts";
import { temporary } from "../support/on-disk.ts";

const root = temporary();
let count = 0;
const newRoot = (): string => {
  const folder = join(root, `r${count++}`);
  mkdirSync(folder, { recursive: true });
  return folder;
};
const registry = Registry.make([...numbers.stages.values(), stream]);
const text = `version: 1
nodes:
  a: { stage: num.source, config: { values: [1, 2, 3, 4] } }
  points: { stage: num.points, inputs: { numbers: a } }
  sum: { stage: num.sum, inputs: { numbers: a } }
`;

const flip = (path: string, part = 0.5): void => {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length * part);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
};

/** Where each output of each node lies. */
const foldersOf = (plan: Effect.Success<ReturnType<typeof planned>>): Record<string, string> =>
  Object.fromEntries(
    plan.nodes.flatMap(({ node, digests }) =>
      Object.entries(node.stage.outputs as Record<string, Artifact.AnyKind>).map(([output, kind]) => [
        `${node.name}.${output}`,
        plan.store.pathOf(kind, digests[output] as string),
      ]),
    ),
  );

const from = { digest: "0", node: "n" };
/** Every way to what is stored: the file that is damaged, and who reads it. */
const READERS: ReadonlyArray<
  readonly [who: string, output: string, file: string, read: (folder: string) => Effect.Effect<unknown, unknown>]
> = [
  ["rows", "a.numbers", "numbers.parquet", (at) => Artifact.open(Numbers, at, from).rows("numbers")],
  [
    "rows batch by batch",
    "a.numbers",
    "numbers.parquet",
    (at) => Stream.runDrain(Artifact.open(Numbers, at, from).rowBatches("numbers", ["value"])),
  ],
  ["vectors", "points.points", "points.arrow", (at) => Artifact.open(Points, at, from).vectors("points")],
  [
    "vectors batch by batch",
    "points.points",
    "points.arrow",
    (at) => Stream.runDrain(Artifact.open(Points, at, from).vectorBatches("points")),
  ],
  ["show and the viewer: a table", "a.numbers", "numbers.parquet", (at) => Artifact.preview(at, 2)],
  ["show and the viewer: vectors", "points.points", "points.arrow", (at) => Artifact.preview(at, 2)],
  ["metrics of a run", "sum.metrics", "metrics.parquet", (at) => Artifact.open(Metrics, at, from).rows("metrics")],
  ["generate and serve: the folder", "sum.page", "page.txt", (at) => Artifact.assertWhole(at)],
  ["generate and serve: a folder in it", "sum.page", "page.txt", (at) => Artifact.assertWhole(join(at, "checkpoint"))],
  ["anybody: artifact.json", "a.numbers", "artifact.json", (at) => Artifact.open(Numbers, at, from).rows("numbers")],
];

describe("a flipped bit is told to", () => {
  it.each(READERS)("%s", async (_, output, file, read) => {
    const own = newRoot();
    const { plan, result } = await run({ root: own, text, registry });
    expect(result.status).toBe("ok");
    const folder = foldersOf(plan)[output] as string;
    expect(existsSync(join(folder, file)), readdirSync(folder).join(" ")).toBe(true);
    await Effect.runPromise(read(folder) as Effect.Effect<unknown>);
    flip(join(folder, file));
    const error = (await Effect.runPromise(Effect.flip(read(folder)))) as Record<string, unknown>;
    expect(error).toMatchObject({ code: "E_ARTIFACT_DAMAGED", path: folder });
    expect(error["message"]).toContain(file);
    if (file !== "artifact.json") expect(error["message"]).toMatch(/\(sha256 [0-9a-f]{12}…, not [0-9a-f]{12}…\)/);
    expect(error["remedy"]).toContain("--heal");
    const before = readFileSync(join(folder, file));
    const healed = await run({ root: own, text, registry, heal: true });
    expect(healed.result.status).toBe("ok");
    expect(healed.states.filter((state) => state.endsWith("done"))).toHaveLength(1);
    expect(readFileSync(join(folder, file)).equals(before)).toBe(false);
    await Effect.runPromise(read(folder) as Effect.Effect<unknown>);
  });

  it("nobody, where a file of that name is somebody else's", async () => {
    const own = newRoot();
    writeFileSync(join(own, "artifact.json"), "{}");
    await Effect.runPromise(Artifact.assertWhole(own));
    await Effect.runPromise(Artifact.assertWhole(join(own, "nowhere")));
  });
});

describe("a free file that is written to while a stage works", () => {
  const shards = `${text}  last: { stage: num.meddle, inputs: { numbers: a, page: sum.page } }\n`;
  /** Streams shards, and between the second and the third row something is done to its input. */
  const meddling = (meddle: (page: string) => void) =>
    Stage.make("num.meddle", {
      version: 1,
      description: "Points of numbers while somebody writes to an input",
      config: Schema.Struct({}),
      inputs: { numbers: Numbers, page: Page },
      outputs: { points: Points },
      run: Effect.fn("num.meddle")(function* ({ inputs, outputs, streamRows }) {
        const made = yield* streamRows({
          kind: Points,
          rows: yield* inputs.numbers.rows("numbers"),
          rowsPerShard: 1,
          open: Effect.void,
          run: Effect.fnUntraced(function* (_, rows, { writeVectors }) {
            const [value, page] = [rows[0]?.value ?? 0, inputs.page.file("page.txt")];
            if (value === 3) meddle(page);
            const factor = Number(readFileSync(page, "utf8"));
            const data = Float32Array.of(value, factor);
            yield* writeVectors("points", { columns: [{ value }], dim: 2, data });
          }),
        });
        for (const shard of made) yield* outputs.points.copyVectors("points", shard);
      }),
    });
  const other = (page: string): void => writeFileSync(page, "77\n");
  const MEDDLERS: ReadonlyArray<readonly [string, (page: string) => void]> = [
    ["and keeps other bytes", other],
    [
      "and has its old bytes again",
      (page) => {
        const old = readFileSync(page);
        other(page);
        writeFileSync(page, old);
      },
    ],
    [
      "and is another file of the same bytes",
      (page) => {
        const old = readFileSync(page);
        rmSync(page);
        writeFileSync(page, old);
      },
    ],
  ];
  it.each(MEDDLERS)("%s: no result and no shard made since then stays", async (_, meddle) => {
    const own = newRoot();
    const all = [...registry.stages.values(), meddling(meddle)];
    const { plan, result } = await run({ root: own, text: shards, registry: Registry.make(all), keepGoing: true });
    expect(result.nodes.get("last")).toMatchObject({
      state: "failed",
      error: { code: "E_ARTIFACT_DAMAGED", message: expect.stringContaining("page.txt") },
    });
    expect(existsSync(foldersOf(plan)["last.points"] as string)).toBe(false);
    const kept = readdirSync(join(own, ".precipice/scratch"), { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith("points.arrow"),
    );
    expect(kept.map((path) => dirname(path)).length).toBeLessThanOrEqual(2);
    const calm = [...registry.stages.values(), meddling(() => undefined)];
    const healed = await run({ root: own, text: shards, registry: Registry.make(calm), heal: true });
    expect(healed.result.status).toBe("ok");
    const points = await Effect.runPromise(
      Artifact.open(Points, foldersOf(plan)["last.points"] as string, from).vectors("points"),
    );
    expect([...points.data]).toEqual([1, 10, 2, 10, 3, 10, 4, 10]);
  });
});
