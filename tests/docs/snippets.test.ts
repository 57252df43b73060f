/**
 * Every code block of README.md and docs/ is checked the way its info string says (tools/docs/blocks.ts has the list): commands
 * are run, programs are run, pipelines are planned or run, outputs compared. A block that says nothing known is an error.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Block, blocksOf, dutyOf, parseInfo } from "../../tools/docs/blocks.ts";
import { pages } from "../../tools/docs/pages.ts";
import { standInHub } from "./hub.ts";
import { isShown, PageFolder, type Printed } from "./page-folder.ts";

const documents = pages()
  .filter(({ path }) => path === "README.md" || path.startsWith("docs/"))
  .map(({ path, markdown }) => ({
    path,
    blocks: blocksOf(markdown),
  }));

let hub: Awaited<ReturnType<typeof standInHub>>;
beforeAll(async () => {
  hub = await standInHub();
});
afterAll(() => hub.close());

it("every block says how it is checked", () => {
  const unknown = documents.flatMap(({ path, blocks }) =>
    blocks.filter((block) => dutyOf(block) === undefined).map(({ info }) => `${path}: \`\`\`${info}`),
  );
  expect(unknown, "tools/docs/blocks.ts lists what an info string may say").toEqual([]);
});

it("files that a page has the reader make are used by a command below", () => {
  const idle = documents.flatMap(({ path, blocks }) =>
    blocks.flatMap((block, i) => {
      const file = block.options["file"];
      if (file === undefined || dutyOf(block) === "run" || dutyOf(block) === "plan") return [];
      const [first = ""] = file.split("/");
      const uses = ({ language, text, info }: Block) =>
        (language === "sh" || language === "yaml") && `${info} ${text}`.includes(first);
      return blocks.some((other, j) => j !== i && uses(other)) ? [] : [`${path}: ${file}`];
    }),
  );
  expect(idle).toEqual([]);
});

const busy = documents.filter(({ blocks }) => blocks.some((block) => !["picture", undefined].includes(dutyOf(block))));

describe.concurrent.each(busy)("$path", ({ blocks }) => {
  it("does what its blocks say", { timeout: 900_000 }, async ({ expect }) => {
    const folder = new PageFolder(hub.env);
    try {
      // What a reader has before the first command: data, and files that others import.
      for (const { language, words, options, text } of blocks)
        if (language === "jsonl" || words.has("part")) folder.write(options["file"] as string, `${text}\n`);
      let printed = "";
      const done = (block: Block, { code, stdout, stderr }: Printed) => {
        expect({
          block: `\`\`\`${block.info}\n${block.text}`,
          code,
          stderr: code === 0 ? "" : `${stdout}${stderr}`,
        }).toEqual({ block: `\`\`\`${block.info}\n${block.text}`, code: 0, stderr: "" });
        printed = stdout;
      };
      for (const [i, block] of blocks.entries()) {
        const { options, text } = block;
        const file = options["file"] ?? options["append"] ?? `block-${i}.yaml`;
        switch (dutyOf(block)) {
          case "shell":
            done(block, await folder.shell(options["reduced"] ?? text));
            break;
          case "typescript":
            done(block, await folder.typescript(text));
            break;
          case "file":
          case "rows":
            folder.write(file, `${text}\n`);
            if (block.language !== "jsonl") break;
            for (const line of text.split("\n")) expect(() => JSON.parse(line), line).not.toThrow();
            break;
          case "append":
            folder.append(file, `${text}\n`);
            done(block, await folder.precipice("plan", file));
            break;
          case "plan":
          case "run":
            folder.write(file, `${text}\n`);
            done(block, await folder.precipice(block.words.has("run") ? "run" : "plan", file));
            break;
          case "query":
            expect(await folder.query(text), text).toBeGreaterThan(0);
            break;
          case "output":
            expect(isShown(text, printed), `printed:\n${printed}\nshown:\n${text}`).toBe(true);
            break;
        }
      }
    } finally {
      folder.remove();
    }
  });
});

describe("info strings", () => {
  const duty = (info: string) => dutyOf({ ...parseInfo(info), info, text: "" });

  it("say what is done", () => {
    expect(duty('sh reduced="precipice plan a.yaml"')).toBe("shell");
    expect(parseInfo('sh reduced="precipice plan a.yaml"').options).toEqual({ reduced: "precipice plan a.yaml" });
    expect([duty("yaml"), duty("yaml run"), duty("yaml file=a.yaml"), duty("yaml append=a.yaml")]).toEqual([
      "plan",
      "run",
      "plan",
      "append",
    ]);
  });

  it("are refused where they would leave a block out", () => {
    for (const info of ["", "bash", "sh skip", "yaml part", "ts signature", "json", "ts file=a.ts skip"])
      expect([info, duty(info)]).toEqual([info, undefined]);
  });
});

it("outputs are compared, not looked for", () => {
  expect(isShown("a … c\nd", "a b c\nd\n")).toBe(true);
  expect(isShown("a c", "a b c")).toBe(false);
  expect(isShown("b", "a\nb")).toBe(false);
});

it("README.md and docs/ have no fence that the parser does not see", () => {
  for (const { path, blocks } of documents) {
    const fences =
      readFileSync(join(import.meta.dirname, "../..", path), "utf8").match(/^\s*(?:```|~~~)/gm)?.length ?? 0;
    expect([path, fences]).toEqual([path, 2 * blocks.length]);
  }
});
