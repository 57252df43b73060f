/** Hostile pipelines: each is refused with its code and its place, none ends as a bug of the program or never. */
import { Pipeline, type PipelineError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { registry } from "../../packages/cli/src/fixtures/stages.ts";

const head = "version: 1\nname: x\n";
const node = (config: string): string => `nodes: { a: { stage: demo.write, ${config} } }\n`;
const many = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");
const doubled = `vars:\n  a0: xxxxxxxxxx\n${many(60, (i) => `  a${i + 1}: "\${vars.a${i}}\${vars.a${i}}"`)}\n`;
const doubledLists = `vars:\n  a0: [x]\n${many(60, (i) => `  a${i + 1}: ["\${vars.a${i}}", "\${vars.a${i}}"]`)}\n`;
const chain = `vars:\n  a0: x\n${many(9000, (i) => `  a${i + 1}: "\${vars.a${i}}"`)}\n`;

it.each<[name: string, text: string, expected: string, sets?: ReadonlyArray<string>]>([
  [
    "a condition of brackets",
    node(`when: "${"(".repeat(20_000)}true${")".repeat(20_000)}"`),
    "E_WHEN_SYNTAX it is nested deeper",
  ],
  ["a condition of nots", node(`when: "${"not ".repeat(20_000)}true"`), "E_WHEN_SYNTAX it is nested deeper"],
  ["a condition of lists", node(`when: "${"[".repeat(20_000)}"`), "E_WHEN_SYNTAX it is nested deeper"],
  ["a chain of variables", `${chain}${node(`config: { text: "\${vars.a9000}" }`)}`, "E_VAR_SIZE variables refer"],
  [
    "texts that double",
    `${doubled}${node(`config: { text: "\${vars.a60}" }`)}`,
    'E_VAR_SIZE the variable "a18" is longer',
  ],
  [
    "lists that double",
    `${doubledLists}${node(`config: { text: "\${vars.a60}" }`)}`,
    'E_VAR_SIZE the variable "a20" is longer',
  ],
  ["a text of long texts", `${doubled}${node(`config: { text: "${"${vars.a17}".repeat(20_000)}" }`)}`, ""],
  ["a --set without a floor", `vars: { a: {} }\n${node("")}`, "E_SET", [`vars.a${".b".repeat(20_000)}=1`]],
  ["a long name", node("").replace("a:", `${"a".repeat(151)}:`), "E_NAME"],
  ["!!binary", `vars: { a: !!binary aGVsbG8= }\n${node("")}`, "p.yaml:3:21 E_YAML_TAG the tag !!binary stands here"],
  ["!!set", `vars: { a: !!set { x, y } }\n${node("")}`, "p.yaml:3:18 E_YAML_TAG the tag !!set stands here"],
  ["!!omap", `vars: { a: !!omap [x: 1] }\n${node("")}`, "E_YAML_TAG the tag !!omap stands here"],
  ["!!timestamp", `vars: { a: !!timestamp 2001-01-01 }\n${node("")}`, "E_YAML_TAG"],
  ["!!str", `vars: { a: !!str 5 }\n${node("")}`, "E_YAML_TAG the tag !!str stands here"],
  ["a bare !", `vars: { a: ! x }\n${node("")}`, "E_YAML_TAG"],
  ["a tag on a key", `vars: { !!str a: x }\n${node("")}`, "E_YAML_TAG a key has a tag"],
  ["an import from the root", `import: { a: /etc/hostname }\n${node("")}`, "/etc/hostname"],
  ["an import that is no path", `import: { a: "b\\0c" }\n${node("")}`, "p.yaml:3:14 E_FILE_READ"],
])("%s", async (_, text, expected, sets = []) => {
  const parsed = Pipeline.parse(head + text, "p.yaml", registry, { sets });
  const message = await Effect.runPromise(
    Effect.match(parsed, { onSuccess: () => "", onFailure: (error: PipelineError) => error.message }),
  );
  expect(message.slice(0, 100_000)).toContain(expected);
  expect(message.length).toBeLessThan(200_000);
});

it("what many hold is no multiplying", async () => {
  const text = `${head}vars: { a: x, b: "\${vars.a}-\${vars.a}", c: ["\${vars.b}", "\${vars.b}"] }\n${node(`config: { text: "\${vars.b}" }`)}`;
  const { nodes } = await Effect.runPromise(Pipeline.parse(text, "p.yaml", registry));
  expect(nodes[0]?.config).toMatchObject({ text: "x-x" });
});
