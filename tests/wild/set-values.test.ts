/** Values of `--set` and of `vars`: text stays the text that was typed, and only what is wanted as YAML is read as YAML. */
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { Artifact, Pipeline, Registry, Stage } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { describe, expect, it } from "vitest";
import { temporary } from "../support/on-disk.ts";

const optional = Schema.optionalKey;
const value = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null]);

/** A stage that has a key of each sort. */
const made = Stage.make("test.values", {
  version: 1,
  description: "Keeps its config",
  config: Schema.Struct({
    text: optional(Schema.String),
    number: optional(Schema.Finite),
    flag: optional(Schema.Boolean),
    list: optional(Schema.Array(Schema.Finite)),
    texts: optional(Schema.Array(Schema.String)),
    map: optional(Schema.Record(Schema.String, Schema.Int)),
    choice: optional(Schema.Literals(["on", "off", "null"])),
    most: optional(Schema.Union([Schema.Literals(["all"]), Schema.Int])),
    where: optional(
      Schema.Record(Schema.String, Schema.Union([value, Schema.Array(value), Schema.Struct({ not: value })])),
    ),
    column: optional(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
    file: optional(Schema.String.annotate({ path: true })),
    judge: optional(
      Schema.Union([
        Schema.Literals(["rules"]),
        Schema.Array(Schema.Struct({ template: Schema.String.annotate({ path: true }) })),
      ]),
    ),
  }),
  inputs: {},
  outputs: { out: Artifact.kind("values", { version: 1, description: "Nothing" }) },
  fingerprint: () => Effect.succeed(""),
  run: () => Effect.void,
});
const registry = Registry.make([made]);
const root = temporary();

interface Loaded {
  readonly sets?: ReadonlyArray<string>;
  readonly from?: string;
  readonly varsFile?: string;
}

const configs = async (text: string, options: Loaded = {}): Promise<ReadonlyArray<Record<string, unknown>>> => {
  const pipeline = await Effect.runPromise(
    Pipeline.parse(text, join(root, "p", "pipeline.yaml"), registry, { from: root, ...options }),
  );
  return pipeline.nodes.map((node) => node.config as Record<string, unknown>);
};
const issues = async (text: string, options: Loaded = {}): Promise<ReadonlyArray<string>> => {
  const error = await Effect.runPromise(
    Effect.flip(Pipeline.parse(text, "p.yaml", registry, { from: root, ...options })),
  );
  return error.issues.map(({ file, column, code, remedy }) => `${file}:${column} ${code} ${remedy}`);
};

const plain = `version: 1
nodes: { n: { stage: test.values } }
`;
const withVar = (key: string, use: string, initial = "before"): string => `version: 1
vars: { v: ${initial} }
nodes: { n: { stage: test.values, config: { ${key}: "${use}" } } }
`;

const texts = [
  "a #b.jsonl",
  "#b",
  "&x y",
  "*x",
  "!important",
  "@me",
  "`code`",
  "100%",
  "%TAG",
  '"quoted"',
  "'quoted'",
  '"half',
  "it's",
  "key: value",
  "a: b: c",
  "- item",
  "  two blanks before",
  "two after  ",
  "\ttab",
  "line\nbreak",
  "line\r\nbreak",
  "\n",
  "[1, 2]",
  "[open",
  "{a: 1}",
  "{instruction}\n{input}",
  "null",
  "~",
  "yes",
  "true",
  "1.10",
  "007",
  "0x10",
  "1e3",
  ".inf",
  "12345678901234567890",
  "2024-01-01",
  "12:30:00",
  "",
  " ",
  "a=b",
  "a,b",
  "| pipe",
  "> fold",
  "?",
  "---",
  "...",
  "<<",
  "\\n",
  "$5",
  "雪 ü",
  "--flag",
  "=",
];

describe("text is the text that was typed", () => {
  it.each(texts)("%j", async (text) => {
    const spellings: ReadonlyArray<readonly [string, string]> = [
      [plain, `nodes.n.config.text=${text}`],
      [plain, `defaults.test.values.text=${text}`],
      [withVar("text", "${vars.v}"), `vars.v=${text}`],
      [withVar("text", "${vars.v}", "1"), `v=${text}`],
      [withVar("text", "${vars.v}", "null"), `v=${text}`],
    ];
    for (const [pipeline, set] of spellings) expect(await configs(pipeline, { sets: [set] })).toEqual([{ text }]);
    const inside = await configs(withVar("text", "data-v${vars.v}.jsonl"), { sets: [`v=${text}`] });
    expect(inside).toEqual([{ text: `data-v${text}.jsonl` }]);
  });

  it("in lists of text too, and in literals", async () => {
    const [config] = await configs(plain, {
      sets: ["nodes.n.config.texts=[1.10, yes, 007, ~, 'a # b', null]", "nodes.n.config.choice=null"],
    });
    expect(config).toEqual({ texts: ["1.10", "yes", "007", "~", "a # b", "null"], choice: "null" });
  });
});

describe("what is wanted as something else is YAML", () => {
  it.each<[string, string, unknown]>([
    ["number", "7", 7],
    ["number", " 1.10 ", 1.1],
    ["number", "0x10", 16],
    ["number", "1e3", 1000],
    ["number", "-3", -3],
    ["flag", "true", true],
    ["flag", "False", false],
    ["list", "[1, 2.50]", [1, 2.5]],
    ["list", "- 1\n- 2", [1, 2]],
    ["map", "{a: 1}", { a: 1 }],
    ["map", "a: 1", { a: 1 }],
  ])("%s=%j", async (key, text, expected) => {
    for (const [pipeline, set] of [
      [plain, `nodes.n.config.${key}=${text}`],
      [plain, `defaults.test.values.${key}=${text}`],
      [withVar(key, "${vars.v}"), `v=${text}`],
    ] as const) {
      expect(await configs(pipeline, { sets: [set] })).toEqual([{ [key]: expected }]);
    }
  });

  it.each<[string, string, string]>([
    ["number", "seven", "E_CONFIG"],
    ["number", "", "E_CONFIG"],
    ["number", "7 #8x", "none"],
    ["flag", "yes", "E_YAML_BOOLEAN"],
    ["list", "[1, 2", "E_YAML"],
    ["number", "12345678901234567890", "E_YAML_NUMBER"],
  ])("%s=%j is %s", async (key, text, code) => {
    const sets = [`nodes.n.config.${key}=${text}`];
    if (code === "none") expect(await configs(plain, { sets })).toEqual([{ number: 7 }]);
    else expect(await issues(plain, { sets })).toEqual([expect.stringContaining(` ${code} `)]);
  });
});

describe("where text and something else are taken", () => {
  it.each<[string, unknown]>([
    ["story #2", "story #2"],
    ["7", 7],
    ['"7"', "7"],
    ["'1.10'", "1.10"],
    ["true", true],
    ["yes", "yes"],
    ["null", null],
    ["[a, 2]", ["a", 2]],
    ["{not: x}", { not: "x" }],
    ["not: x", "not: x"],
    ["- x", "- x"],
    ["[a", "[a"],
    ["&x y", "&x y"],
    ["", ""],
    [" ", " "],
    ["12345678901234567890", "12345678901234567890"],
  ])("where=%j", async (text, expected) => {
    expect(await configs(plain, { sets: [`nodes.n.config.where.family=${text}`] })).toEqual([
      { where: { family: expected } },
    ]);
  });

  it.each<[string, string, unknown]>([
    ["most", "all", "all"],
    ["most", "5", 5],
    ["column", "{instruction}", "{instruction}"],
    ["column", "[a, b]", ["a", "b"]],
    ["column", "1.10", "1.10"],
    ["column", "null", "null"],
  ])("%s=%j", async (key, text, expected) => {
    expect(await configs(plain, { sets: [`nodes.n.config.${key}=${text}`] })).toEqual([{ [key]: expected }]);
  });
});

describe("a variable in a text keeps its text", () => {
  it.each(["1.10", "007", "0x10", "1e3", "True", "~", "2024-01-01", ".inf", "+5", "yes"])(
    "%s, in the file",
    async (text) => {
      expect(await configs(withVar("text", "v${vars.v}", text))).toEqual([{ text: `v${text}` }]);
    },
  );

  it("through other variables, in a matrix and from a file of variables", async () => {
    const matrix = `version: 1
vars: { versions: [1.10, 1.20, 2], a: 1.10, b: "\${vars.a}" }
nodes:
  n:
    stage: test.values
    matrix: { v: "\${vars.versions}" }
    config: { text: "b\${vars.b}-\${matrix.v}.jsonl", number: "\${matrix.v}" }
`;
    expect((await configs(matrix)).map(({ text, number }) => [text, number])).toEqual([
      ["b1.10-1.10.jsonl", 1.1],
      ["b1.10-1.20.jsonl", 1.2],
      ["b1.10-2.jsonl", 2],
    ]);
    const set = await configs(matrix, { sets: ["versions=[0.10, 3]", "a=x #y"] });
    expect(set.map(({ text, number }) => [text, number])).toEqual([
      ["bx #y-0.10.jsonl", 0.1],
      ["bx #y-3.jsonl", 3],
    ]);
    const asText = matrix.replace(', number: "${matrix.v}"', "").replace("b${vars.b}-${matrix.v}.jsonl", "${matrix.v}");
    expect(await configs(asText, { sets: ["versions=[1.10, yes]"] })).toEqual([{ text: "1.10" }, { text: "yes" }]);
    const varsFile = join(root, "vars.yaml");
    writeFileSync(varsFile, "v: 1.10\n");
    expect(await configs(withVar("text", "v${vars.v}"), { varsFile })).toEqual([{ text: "v1.10" }]);
  });
});

describe("elsewhere", () => {
  const text = `version: 1
vars: { full: false, name: ms, n: 1, deep: { x: 1, t: a } }
nodes:
  a: { stage: test.values, when: vars.full }
  b: { stage: test.values, when: 'vars.name == "7"' }
  c: { stage: test.values, when: vars.n > 5 }
  d: { stage: test.values, config: { number: "\${vars.deep.x}", text: "\${vars.deep.t}" } }
`;
  it("conditions read a value as what it replaces", async () => {
    const skipped = async (sets: ReadonlyArray<string>) => {
      const { nodes } = await Effect.runPromise(Pipeline.parse(text, "p.yaml", registry, { sets }));
      return nodes.filter(({ skip }) => skip !== undefined).map(({ name }) => name);
    };
    expect(await skipped([])).toEqual(["a", "b", "c"]);
    expect(await skipped(["full=true", "name=7", "n=6"])).toEqual([]);
    expect(await skipped(['name="7"'])).toEqual(["a", "b", "c"]);
  });

  it("later ones go over earlier ones, also inside a map", async () => {
    const config = async (sets: ReadonlyArray<string>) => (await configs(text, { sets })).at(-1);
    expect(await config(["vars.deep.x=2", "vars.deep.t= #z", "vars.deep.x=3"])).toEqual({ number: 3, text: " #z" });
    expect(await config(["deep={x: 4, t: 1.10}"])).toEqual({ number: 4, text: "1.10" });
    expect(await config(["deep={x: 4, t: b}", "vars.deep.t=c: d"])).toEqual({ number: 4, text: "c: d" });
  });

  it("references in a value work as in the file", async () => {
    const sets = ["nodes.d.config.text=${vars.name}-$${x}", "nodes.d.config.texts=['${vars.name}', b]"];
    expect((await configs(text, { sets })).at(-1)).toMatchObject({ text: "ms-${x}", texts: ["ms", "b"] });
  });
});

describe("defaults", () => {
  const text = `version: 1
defaults: { test.values: { number: 1, text: a } }
nodes:
  a: { stage: test.values }
  b: { stage: test.values, config: { number: 5 } }
`;
  it("are set for nodes that do not give the key", async () => {
    expect(await configs(text, { sets: ["defaults.test.values.number=2", "defaults.test.values.flag=true"] })).toEqual([
      { number: 2, text: "a", flag: true },
      { number: 5, text: "a", flag: true },
    ]);
  });

  it("are errors where there is no such stage or key, or where no node takes them", async () => {
    const sets = ["defaults.test.value.number=2", "defaults.test.values.numbre=2"];
    expect(await issues(text, { sets })).toEqual([
      '--set defaults.test.value.number=2:1 E_STAGE_UNKNOWN Did you mean "test.values"?',
      '--set defaults.test.values.numbre=2:1 E_KEY_UNKNOWN Did you mean "number"?',
    ]);
    const given = text.replace("a: { stage: test.values }", "a: { stage: test.values, config: { number: 4 } }");
    expect(await issues(given, { sets: ["defaults.test.values.number=2"] })).toEqual([
      "--set defaults.test.values.number=2:1 E_SET Set it there: nodes.a.config.number=VALUE.",
    ]);
  });

  it.each(["defaults.test.values=1", "defaults=1", "nodes.n.stage=x", "vars=1", "something.else=1", "text"])(
    "%s is an error that says what can be set",
    async (set) => {
      expect(await issues(plain, { sets: [set] })).toEqual([
        expect.stringMatching(/ E_SET .*nodes\.\w+\.config\.KEY=VALUE/),
      ]);
    },
  );
});

describe("relative paths", () => {
  const here = join(root, "here");
  const at = (path: string) => relative(join(root, "p"), path);
  mkdirSync(here, { recursive: true });
  const both = `version: 1
vars: { v: data.jsonl, folder: sets }
nodes:
  own: { stage: test.values, config: { file: data.jsonl } }
  var: { stage: test.values, config: { file: "\${vars.v}" } }
  begun: { stage: test.values, config: { file: "\${vars.folder}/a.jsonl" } }
  inner: { stage: test.values, config: { file: "sets/\${vars.v}" } }
  nested: { stage: test.values, config: { judge: [{ template: "\${vars.v}" }] } }
`;
  it("of --set start where the user is, those in the file at its folder", async () => {
    const files = async (sets: ReadonlyArray<string>) =>
      (await configs(both, { sets, from: here })).map(
        ({ file, judge }) => file ?? (judge as [{ template: string }])[0].template,
      );
    const unset = ["data.jsonl", "data.jsonl", "sets/a.jsonl", "sets/data.jsonl", "data.jsonl"];
    expect(await files([])).toEqual(unset);
    const mine = at(join(here, "x #1.jsonl"));
    expect(await files(["v=x #1.jsonl"])).toEqual(["data.jsonl", mine, "sets/a.jsonl", "sets/x #1.jsonl", mine]);
    expect((await files(["folder=../other"]))[2]).toBe(at(join(root, "other/a.jsonl")));
    expect((await files(["nodes.own.config.file=./f"]))[0]).toBe(at(join(here, "f")));
    expect((await files([`v=${join(root, "abs")}`]))[1]).toBe(join(root, "abs"));
    expect((await files(["v=~/models"]))[1]).toBe(at(join(homedir(), "models")));
    expect((await files(["v=hf://org/name"]))[1]).toBe("hf://org/name");
    expect((await files([`nodes.nested.config.judge=[{ template: t.txt }]`]))[4]).toBe(at(join(here, "t.txt")));
  });

  it("of a file of variables start at its folder, those passed to a fragment at the importer's", async () => {
    const varsFile = join(here, "vars.yaml");
    writeFileSync(varsFile, "v: mine.jsonl\n");
    expect((await configs(both, { varsFile }))[1]).toEqual({ file: at(join(here, "mine.jsonl")) });
    mkdirSync(join(root, "p", "parts"), { recursive: true });
    writeFileSync(
      join(root, "p/parts/part.yaml"),
      'version: 1\nvars: { v: default.jsonl, w: own.jsonl }\nnodes: { n: { stage: test.values, config: { file: "${vars.v}", texts: ["${vars.w}"] } }, m: { stage: test.values, config: { file: "${vars.w}" } } }\n',
    );
    const importing = `version: 1
vars: { mine: passed.jsonl }
import: { part: { file: parts/part.yaml, vars: { v: "\${vars.mine}" } } }
`;
    const fragment = async (sets: ReadonlyArray<string>) =>
      (await configs(importing, { sets, from: here })).map(({ file }) => file);
    expect(await fragment([])).toEqual(["../passed.jsonl", "own.jsonl"]);
    expect((await fragment(["mine=x.jsonl"]))[0]).toBe(relative(join(root, "p/parts"), join(here, "x.jsonl")));
  });
});
