import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { registry } from "../fixtures/numbers.ts";
import { planLines, run } from "../fixtures/project.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { type LoadOptions, load, parse } from "./load.ts";
import { matrixLabel } from "./matrix.ts";
import { parseReference, selects } from "./reference.ts";

const loaded = (text: string, options: LoadOptions = {}) =>
  Effect.runPromise(parse(text, "/somewhere/p.yaml", registry, options));

const issues = (text: string, options: LoadOptions = {}) =>
  Effect.runPromise(
    Effect.flip(parse(text, "p.yaml", registry, options)).pipe(
      Effect.map((error) =>
        error.issues.map(({ line, column, code, file, remedy }) => `${file}:${line}:${column} ${code} ${remedy}`),
      ),
    ),
  );

const grid = `version: 1
vars: { seeds: [1, 2], full: false }
nodes:
  a:
    stage: num.source
    matrix:
      seed: "\${vars.seeds}"
      how: [x, "y z"]
      exclude: [{ seed: 2, how: x }]
      include: [{ seed: 9, how: x }]
    config: { seed: "\${matrix.seed}" }
  b:
    stage: num.scale
    matrix: { seed: [1, 9] }
    inputs: { numbers: "a[seed=\${matrix.seed},how=x]" }
    config: { factor: "\${matrix.seed}" }
  all: { stage: num.sum, inputs: { numbers: ["a[*]", "b[seed!=9]"] }, config: { key: all } }
  some: { stage: num.sum, inputs: { numbers: "a[seed=1|9]", offset: "a[how=\\"y z\\",seed=2]" }, config: { key: some } }
`;

describe("matrix", () => {
  it("makes a node of each combination, the first name slowest, without the excluded, with the included", async () => {
    const { nodes } = await loaded(grid);
    const instances = nodes.filter(({ template }) => template === "a");
    expect(instances.map(({ name }) => name)).toEqual([
      "a[seed=1,how=x]",
      'a[seed=1,how="y z"]',
      'a[seed=2,how="y z"]',
      "a[seed=9,how=x]",
    ]);
    expect(instances.map(({ config }) => (config as { seed: number }).seed)).toEqual([1, 1, 2, 9]);
    expect(instances[2]?.matrix).toEqual({ seed: 2, how: "y z" });
  });

  it("is collected and selected by brackets", async () => {
    const { nodes } = await loaded(grid);
    const inputs = (name: string) =>
      Object.fromEntries(
        Object.entries(nodes.find((node) => node.name === name)?.inputs ?? {}).map(([port, edges]) => [
          port,
          edges.map(({ node }) => node),
        ]),
      );
    expect(inputs("b[seed=9]")).toEqual({ numbers: ["a[seed=9,how=x]"] });
    expect(inputs("all").numbers).toHaveLength(5);
    expect(inputs("all").numbers).toContain("b[seed=1]");
    expect(inputs("some")).toEqual({
      numbers: ["a[seed=1,how=x]", 'a[seed=1,how="y z"]', "a[seed=9,how=x]"],
      offset: ['a[seed=2,how="y z"]'],
    });
  });

  it("runs, and its metrics carry its values", async () => {
    const root = temporaryFolder();
    const text = `version: 1
nodes:
  a: { stage: num.source, matrix: { n: [1, 2] }, config: { values: ["\${matrix.n}"] } }
  s: { stage: num.sum, matrix: { n: [1, 2] }, inputs: { numbers: "a[n=\${matrix.n}]" } }
  t: { stage: num.sum, inputs: { numbers: "a[*]" } }
`;
    const { result, states } = await run({ root, text });
    expect(states.every((state) => state.endsWith(": done"))).toBe(true);
    expect(Object.entries(result.summary.metrics).map(([key, { value }]) => [key, value])).toEqual(
      expect.arrayContaining([
        ["sum[n=1]", 1],
        ["sum[n=2]", 2],
        ["sum", 3],
      ]),
    );
    expect(await planLines({ root, text, force: ["s[n=2]"] })).toEqual(
      expect.arrayContaining(["s[n=1]: cached (its result is in the store)", "s[n=2]: run (forced)"]),
    );
    const changed = text
      .replace("n: [1, 2] }, config", "n: [1, 3] }, config")
      .replaceAll("n: [1, 2] }, i", "n: [1] }, i");
    expect(await planLines({ root, text: changed })).toEqual(
      expect.arrayContaining(["a[n=1]: cached (its result is in the store)", "a[n=3]: run (never ran)"]),
    );
  });

  it("takes a star for all values, and one in quotes for itself", () => {
    const star = new Map([["method", "*"]]);
    const other = new Map([["method", "ms"]]);
    const conditionsOf = (text: string) => parseReference(text)?.conditions ?? [];
    for (const values of [star, other]) expect(selects(conditionsOf("node[method=*]"), values)).toBe(true);
    expect(matrixLabel(star)).toBe('method="*"');
    expect(selects(conditionsOf('node[method="*"]'), star)).toBe(true);
    expect(selects(conditionsOf('node[method="*"]'), other)).toBe(false);
  });

  it("selects a combination by its own label, whatever text it holds", () => {
    const values = fc.array(
      fc.tuple(fc.stringMatching(/^[a-z]\w{0,5}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(values, (entries) => {
        const matrix = new Map(entries);
        const reference = parseReference(`node[${matrixLabel(matrix)}].out`);
        expect(reference).toMatchObject({ node: "node", output: "out" });
        expect(selects(reference?.conditions ?? [], matrix)).toBe(true);
        for (const [name, value] of matrix) {
          expect(selects(reference?.conditions ?? [], new Map([...matrix, [name, `${value}!`]]))).toBe(false);
        }
      }),
    );
  });
});

describe("when", () => {
  it.each([
    ["vars.n > 2 and vars.n <= 3", true],
    ["vars.n < 3 || vars.name == 'ms'", true],
    ["not (vars.n == 3)", false],
    ["!vars.full && true", true],
    ["vars.name in [\"ms\", 'random']", true],
    ["vars.name in vars.methods", false],
    ["vars.deep.x != null", true],
    ["'b' >= 'a' and -1.5e1 < 0", true],
    ["vars.full or vars.n == 3 and vars.full", false],
    ["${ vars.n == 3 }", true],
    ["${vars.full}", false],
  ])("%s is %s", async (when, expected) => {
    const text = `version: 1
vars: { n: 3, name: ms, full: false, methods: [random], deep: { x: 1 } }
nodes:
  a: { stage: num.source, when: ${JSON.stringify(when)} }
`;
    const { nodes } = await loaded(text);
    expect(nodes[0]?.skip).toBe(expected ? undefined : `when: ${when}`);
  });

  it("skips what needs a skipped node, and lets the rest go on without it", async () => {
    const root = temporaryFolder();
    const text = `version: 1
vars: { full: false }
nodes:
  a: { stage: num.source, matrix: { n: [1, 2] }, when: matrix.n == 1 or vars.full, config: { values: ["\${matrix.n}"] } }
  b: { stage: num.scale, inputs: { numbers: "a[n=2]" }, config: { factor: 2 } }
  c: { stage: num.scale, inputs: { numbers: b }, config: { factor: 2 } }
  t: { stage: num.sum, inputs: { numbers: ["a[*]", c], offset: b } }
`;
    const { result, states } = await run({ root, text });
    expect(result.status).toBe("ok");
    expect(states.sort()).toEqual(["a[n=1]: done", "a[n=2]: skipped", "b: skipped", "c: skipped", "t: done"]);
    expect(result.summary.metrics.sum?.value).toBe(1);
    expect(await planLines({ root, text })).toEqual(
      expect.arrayContaining([
        "a[n=2]: skipped (when: matrix.n == 1 or vars.full)",
        "b: skipped (input numbers: a[n=2] is skipped)",
        "c: skipped (input numbers: b is skipped)",
      ]),
    );
    const all = await run({ root, text, sets: ["vars.full=true"] });
    expect(all.result.summary.metrics.sum?.value).toBe(1 + 2 + 8 + 4);
  });
});

describe("defaults", () => {
  it("fill what nodes leave out, whole values, in this file", async () => {
    const text = `version: 1
vars: { seed: 3 }
defaults: { num.source: { seed: "\${vars.seed}", values: [4] } }
nodes:
  a: { stage: num.source }
  b: { stage: num.source, config: { values: [5] } }
`;
    const { nodes } = await loaded(text);
    expect(nodes.map(({ config }) => config)).toEqual([
      { seed: 3, values: [4] },
      { seed: 3, values: [5] },
    ]);
  });
});

describe("import", () => {
  const project = (files: { readonly [path: string]: string }): string => {
    const root = temporaryFolder();
    mkdirSync(join(root, "parts"));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
    return root;
  };
  const fragment = `version: 1
vars: { factor: 2 }
inputs: { given: numbers }
import: { inner: { file: inner.yaml, inputs: { more: [given, own] } } }
nodes:
  own: { stage: num.file, config: { path: n.txt } }
  scaled: { stage: num.scale, inputs: { numbers: given }, config: { factor: "\${vars.factor}" } }
`;
  const inner = `version: 1
inputs: { more: numbers }
nodes:
  sum: { stage: num.sum, inputs: { numbers: [more] } }
`;
  const main = `version: 1
import: { part: { file: parts/part.yaml, vars: { factor: 5 }, inputs: { given: a } } }
nodes:
  a: { stage: num.source }
  s: { stage: num.sum, inputs: { numbers: [part/own, part/scaled.numbers] }, config: { key: both } }
`;

  it("brings nodes under a name, with variables and inputs passed, and paths relative to their file", async () => {
    const root = project({
      "p.yaml": main,
      "parts/part.yaml": fragment,
      "parts/inner.yaml": inner,
      "parts/n.txt": "10\n",
    });
    const pipeline = await Effect.runPromise(load(join(root, "p.yaml"), registry));
    expect(pipeline.nodes.map(({ name }) => name).sort()).toEqual(
      ["a", "part/inner/sum", "part/own", "part/scaled", "s"].sort(),
    );
    const node = (name: string) => pipeline.nodes.find((it) => it.name === name);
    expect(node("part/scaled")).toMatchObject({ config: { factor: 5 }, inputs: { numbers: [{ node: "a" }] } });
    expect(node("part/inner/sum")?.inputs.numbers?.map((edge) => edge.node)).toEqual(["a", "part/own"]);
    expect(node("part/own")?.dir).toBe(join(root, "parts"));
    const set = await Effect.runPromise(
      load(join(root, "p.yaml"), registry, { sets: ["nodes.part/scaled.config.factor=7"] }),
    );
    expect(set.nodes.find(({ name }) => name === "part/scaled")?.config).toEqual({ factor: 7 });
    const { result } = await run({ root, text: main });
    expect(result.status).toBe("ok");
    expect(result.summary.metrics).toMatchObject({ both: { value: 10 + 5 + 10 + 15 }, sum: { value: 6 + 10 } });
    expect((await planLines({ root, text: main })).every((line) => line.includes(": cached"))).toBe(true);
  });

  it("reports the errors of all files at once, each in its own", async () => {
    const root = project({
      "p.yaml": main.replace("key: both", "keys: both"),
      "parts/part.yaml": fragment.replace("num.file", "num.fiel"),
      "parts/inner.yaml": inner.replace("[more]", "[mroe]"),
    });
    const error = await Effect.runPromise(Effect.flip(load(join(root, "p.yaml"), registry)));
    expect(error.issues.map(({ file, line, code, remedy }) => [file.slice(root.length), line, code, remedy])).toEqual([
      ["/p.yaml", 5, "E_KEY_UNKNOWN", 'Did you mean "key"?'],
      ["/parts/part.yaml", 6, "E_STAGE_UNKNOWN", 'Did you mean "num.file"?'],
      ["/parts/inner.yaml", 4, "E_EDGE_UNKNOWN", 'Did you mean "more"?'],
    ]);
  });
});

describe("settings", () => {
  const text = `version: 1
vars: { seed: 1, name: x }
nodes:
  a: { stage: num.source, matrix: { lr: [0.5, 1] }, config: { seed: "\${vars.seed}" } }
  s: { stage: num.sum, inputs: { numbers: "a[*]" }, config: { key: "\${vars.name}" } }
`;

  it("take text where the stage's Schema wants text, and numbers where it wants numbers", async () => {
    const { nodes } = await loaded(text, { sets: ["vars.name=7", "vars.seed=8"] });
    expect(nodes.map(({ config }) => config)).toMatchObject([{ seed: 8 }, { seed: 8 }, { key: "7" }]);
    const listed = await loaded(text, { sets: ["nodes.s.config.key=[1]"] });
    expect(listed.nodes.at(-1)?.config).toEqual({ key: "[1]" });
    expect(await issues(text, { sets: ["nodes.a.config.seed=x"] })).toEqual([
      "--set nodes.a.config.seed=x:1:21 E_CONFIG precipice stages num.source lists its config.",
    ]);
  });

  it("can be for one node of a matrix", async () => {
    const { nodes } = await loaded(text, { sets: ["nodes.a[lr=0.5].config.seed=5"] });
    expect(nodes.slice(0, 2).map(({ config }) => (config as { seed: number }).seed)).toEqual([5, 1]);
    expect(await issues(text, { sets: ["nodes.a[lr=2].config.seed=5", "nodse.a.config.seed=1"] })).toEqual([
      '--set nodse.a.config.seed=1:1:1 E_SET Did you mean "nodes."?',
      "--set nodes.a[lr=2].config.seed=5:1:1 E_MATRIX_NONE There are: a[lr=0.5] a[lr=1]",
    ]);
  });

  it("name a variable alone where they like", async () => {
    const { nodes } = await loaded(text, { sets: ["name=short"] });
    expect(nodes.map(({ config }) => config)).toMatchObject([{}, {}, { key: "short" }]);
    expect(await issues(text, { sets: ["nmae=x", "nodes=1"] })).toEqual([
      "--set nodes=1:1:1 E_SET What can be set: vars.NAME=VALUE (or NAME=VALUE), nodes.NODE.config.KEY=VALUE and defaults.STAGE.KEY=VALUE.",
      '--set nmae=x:1:1 E_VAR_UNKNOWN Did you mean "name"?',
    ]);
  });

  it("come from a file too, under those of the command line", async () => {
    const root = temporaryFolder();
    const varsFile = join(root, "vars.json");
    writeFileSync(varsFile, '{ "seed": 4, "name": "file" }');
    const { nodes } = await loaded(text, { varsFile, sets: ["vars.name=line"] });
    expect(nodes.map(({ config }) => config)).toMatchObject([{ seed: 4 }, { seed: 4 }, { key: "line" }]);
    writeFileSync(varsFile, '{\n  "sede": 4 }');
    expect(await issues(text, { varsFile })).toEqual([`${varsFile}:2:3 E_VAR_UNKNOWN Did you mean "seed"?`]);
    writeFileSync(varsFile, "[1]");
    expect(await issues(text, { varsFile })).toEqual([`${varsFile}:1:1 E_TYPE Write NAME: VALUE lines.`]);
  });
});

describe("YAML", () => {
  it("may repeat itself by anchors, aliases and merge keys; explicit keys and earlier maps win", async () => {
    const text = `version: 1
vars:
  first: &first { seed: 1, values: [1] }
  second: &second { seed: 2 }
nodes:
  a: { stage: num.source, config: { <<: [*second, *first] } }
  b: { stage: num.source, config: { seed: 3, <<: *first } }
`;
    const { nodes } = await loaded(text);
    expect(nodes.map(({ config }) => config)).toEqual([
      { seed: 2, values: [1] },
      { seed: 3, values: [1] },
    ]);
  });

  it("of more than 2 MiB is refused without being read through", async () => {
    const path = join(temporaryFolder(), "large.yaml");
    writeFileSync(path, `version: 1\n${"# more\n".repeat(400_000)}`);
    const error = await Effect.runPromise(Effect.flip(load(path, registry)));
    expect(error.issues).toMatchObject([{ code: "E_YAML_SIZE", line: 1, column: 1 }]);
  });
});
