import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, folderWith } from "../fixtures/process.ts";
import { nextSteps, type Situation } from "./next-steps.ts";

const commands = (situation: Situation) => nextSteps(situation).steps.map(({ command }) => command);

describe("the next step", () => {
  it("without a pipeline is to make one", () => {
    expect(commands({ pipelines: [] })).toEqual([
      "precipice doctor",
      "precipice new pipeline study",
      "precipice run study.yaml",
    ]);
  });

  it("without a run is to plan one, the quickstart first", () => {
    expect(commands({ pipelines: ["a.yaml", "pipelines/quickstart.yaml"] })[0]).toBe(
      "precipice plan pipelines/quickstart.yaml",
    );
    expect(commands({ pipelines: ["it's mine.yaml"] })[1]).toBe("precipice run 'it'\\''s mine.yaml'");
  });

  it("after a run is to look at it, or to go on", () => {
    const run = { status: "ok", file: "p.yaml", report: "runs/x/report.html" };
    expect(commands({ pipelines: ["p.yaml"], run })).toEqual([
      "precipice show latest",
      "runs/x/report.html",
      "precipice run p.yaml",
    ]);
    const failed = nextSteps({ pipelines: [], run: { status: "killed", file: "p.yaml" } });
    expect(failed.now).toBe("The last run, of p.yaml, ended as killed.");
    expect(failed.steps.map(({ does }) => does)).toEqual(["what happened", "goes on where it stopped"]);
  });
});

describe("precipice", () => {
  it("greets with what is true here, and that is no failure", async () => {
    const folder = folderWith("version: 1\nname: p\nnodes:\n  a: { stage: demo.write }\n");
    mkdirSync(join(folder, "pipelines"));
    writeFileSync(join(folder, "pipelines", "vars.yaml"), "seed: 7\n");
    const fresh = await cli(folder);
    expect(fresh).toMatchObject({ code: 0, stderr: "" });
    expect(fresh.stdout).toMatch(
      /^precipice 0\.1\.0 .*\n\nThere is a pipeline here, and no run yet\. Next:\n {2}precipice plan p\.yaml /,
    );
    expect((await cli(folder, "run", "p.yaml")).code).toBe(0);
    const after = await cli(folder);
    expect(after.stdout).toContain("The last run, of p.yaml, went well. Next:\n  precipice show latest ");
  });

  it("names the nearest command or flag for a wrong one", async () => {
    const folder = folderWith("");
    for (const [args, nearest] of [
      [["rum"], "run"],
      [["run", "--keepgoing", "p.yaml"], "--keep-going"],
      [["doctor", "partiy", "x"], "parity"],
    ] as const) {
      const { code, stderr, stdout } = await cli(folder, ...args);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(new RegExp(`^E_USAGE .*\\n\\n {2}Did you mean this\\?\\n {4}${nearest}\\n`));
    }
  });
});
