/** Files outside of the store that change while a run reads them: nothing that was computed meanwhile is kept. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { beforeEach, describe, expect, it } from "vitest";
import { kind } from "../artifact/kind.ts";
import { Numbers } from "../fixtures/numbers.ts";
import { run } from "../fixtures/project.ts";
import { memoryFolder } from "../fixtures/temporary.ts";
import * as Registry from "../registry.ts";
import * as Stage from "../stage.ts";

/** A folder with numbers in `value.txt`, which stays where it is. */
const Place = kind("place", {
  version: 1,
  description: "Where a number lies",
  tables: { place: Schema.Struct({ path: Schema.String }) },
  outside: (reader) => Effect.map(reader.rows("place"), ([row]) => (row as unknown as { readonly path: string }).path),
});

const valueIn = (folder: string): string => readFileSync(join(folder, "value.txt"), "utf8");

/** What happens while a stage of the name runs. */
const meanwhile = new Map<string, (folder: string) => void>();
beforeEach(() => meanwhile.clear());

const place = Stage.make("t.place", {
  version: 1,
  description: "A place",
  config: Schema.Struct({ folder: Schema.String.annotate({ path: true }) }),
  inputs: {},
  outputs: { place: Place },
  fingerprint: ({ folder }) => Effect.sync(() => valueIn(folder)),
  run: Effect.fnUntraced(function* ({ config: { folder }, outputs }) {
    meanwhile.get("place")?.(folder);
    yield* outputs.place.writeRows("place", [{ path: folder }]);
  }),
});

const reads = Stage.make("t.read", {
  version: 1,
  description: "Reads it, row by row",
  config: Schema.Struct({ name: Schema.String }),
  inputs: { place: Place },
  outputs: { numbers: Numbers },
  run: Effect.fnUntraced(function* ({ config: { name }, inputs, outputs, mapRows }) {
    const [{ path = "" } = {}] = yield* inputs.place.rows("place");
    const mapped = yield* mapRows({
      kind: Numbers,
      rows: [{ row: name }],
      id: ({ row }) => row,
      port: "rows",
      rowsPerShard: 1,
      open: Effect.void,
      run: (_, rows, { emit }) =>
        Effect.sync(() => {
          meanwhile.get(name)?.(path);
          const value = Number(valueIn(path));
          meanwhile.get(`${name}, later`)?.(path);
          for (const i of rows.keys()) emit(i, { numbers: [{ value }] });
        }),
    });
    yield* outputs.numbers.writeRows("numbers", yield* mapped.rows("numbers"));
  }),
});

const registry = Registry.make([place, reads]);

const project = () => {
  const root = memoryFolder();
  const folder = join(root, "place");
  mkdirSync(folder);
  writeFileSync(join(folder, "value.txt"), "1");
  const text = `version: 1
concurrency: 1
nodes:
  p: { stage: t.place, config: { folder: ${folder} } }
  a: { stage: t.read, inputs: { place: p }, config: { name: a } }
  b: { stage: t.read, inputs: { place: p }, config: { name: b } }
`;
  return { root, folder, text, registry, keepGoing: true };
};

const stored = (root: string, of: string): number =>
  existsSync(join(root, ".precipice/store", of)) ? readdirSync(join(root, ".precipice/store", of)).length : 0;

describe("a file outside", () => {
  it.each<[string, (folder: string) => void, ((folder: string) => void)?]>([
    ["is written over", (folder) => writeFileSync(join(folder, "value.txt"), "2")],
    [
      "is written over and put back",
      (folder) => writeFileSync(join(folder, "value.txt"), "2"),
      (folder) => writeFileSync(join(folder, "value.txt"), "1"),
    ],
    [
      "is replaced by another and put back",
      (folder) => {
        renameSync(join(folder, "value.txt"), join(folder, "../kept"));
        writeFileSync(join(folder, "value.txt"), "2");
      },
      (folder) => renameSync(join(folder, "../kept"), join(folder, "value.txt")),
    ],
    ["is cut short", (folder) => truncateSync(join(folder, "value.txt"), 0)],
    ["goes", () => undefined, (folder) => rmSync(join(folder, "value.txt"))],
    ["comes", (folder) => writeFileSync(join(folder, "other.txt"), "2")],
  ])("that %s while it is read: nothing is kept, shards neither", async (_, first, later) => {
    const { root, folder, ...rest } = project();
    meanwhile.set("a", first);
    if (later !== undefined) meanwhile.set("a, later", later);
    const { result } = await run({ root, ...rest });
    expect(result.nodes.get("a")).toMatchObject({ state: "failed", error: { code: "E_INPUT_CHANGED" } });
    expect(result.nodes.get("b")).toMatchObject({ state: "failed" });
    expect(stored(root, "numbers")).toBe(0);

    meanwhile.clear();
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(join(folder, "value.txt"), "1");
    const again = await run({ root, ...rest });
    expect(again.result.status).toBe("ok");
    expect(again.states).toEqual(["p: cached", "a: done", "b: done"]);
  });

  it("that changes between the plan and its first reader is not the one of the key", async () => {
    const { root, ...rest } = project();
    meanwhile.set("place", (folder) => writeFileSync(join(folder, "value.txt"), "2"));
    const { result } = await run({ root, ...rest });
    expect(result.nodes.get("p")).toMatchObject({ state: "failed", error: { code: "E_INPUT_CHANGED" } });
    expect(stored(root, "place")).toBe(0);
  });
});
