import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { inventory } from "../artifact/inventory.ts";
import type { Manifest } from "../artifact/manifest.ts";
import { Page } from "../fixtures/numbers.ts";
import { temporaryFolder } from "../fixtures/temporary.ts";
import { open } from "./store.ts";

/** Publishes a page with `text` under digest `d`. */
const publish = (root: string, text: string, replace: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* open(root);
      const folder = yield* store.workspace;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "page.txt"), text);
      const files = yield* Effect.promise(() => inventory(folder));
      yield* store.publish(folder, Page, manifest(files), replace);
      return store.pathOf(Page, "d");
    }),
  );

describe("publication", () => {
  it("lets the first win, and a replacement when asked", async () => {
    const root = temporaryFolder();
    const read = (path: string) => readFileSync(join(path, "page.txt"), "utf8");
    expect(read(await Effect.runPromise(publish(root, "first", false)))).toBe("first");
    expect(read(await Effect.runPromise(publish(root, "other", false)))).toBe("first");
    expect(read(await Effect.runPromise(publish(root, "newer", true)))).toBe("newer");
    expect(readdirSync(join(root, ".precipice/tmp"))).toEqual([]);
  });

  it("survives kill -9: nothing appears, and the next run sweeps what was left", async () => {
    const root = temporaryFolder();
    const script = `
      import * as Effect from "effect/Effect";
      import { open } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
      import { writeFileSync, mkdirSync } from "node:fs";
      await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        const store = yield* open(${JSON.stringify(root)});
        const folder = yield* store.workspace;
        mkdirSync(folder, { recursive: true });
        writeFileSync(folder + "/page.txt", "half");
        console.log("written");
        yield* Effect.never;
      })));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(readdirSync(join(root, ".precipice/tmp"))).toHaveLength(1);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(join(root, ".precipice/store"))).toBe(false);
    await Effect.runPromise(open(root));
    expect(readdirSync(join(root, ".precipice/tmp"))).toEqual([]);
  });
});

function manifest(files: Manifest["contents"]["files"]): Manifest {
  return {
    format: 1,
    kind: "page",
    kindVersion: 1,
    digest: "d",
    contents: { tables: {}, vectors: {}, files, bytes: 0 },
    origin: { stage: "s", stageVersion: 1, output: "page", config: {}, inputs: {}, numerics: {}, durationMs: 0 },
    versions: {},
    createdAt: "",
  };
}
