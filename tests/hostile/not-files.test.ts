/**
 * A FIFO, a device, a socket or a folder in place of a file is refused with "not a regular file", wherever a file is opened: a FIFO is
 * never waited for, a device never read. And a file is read up to a bound.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { openFile, openFileSync, readFileBytes, readFileBytesSync } from "@precipice/files";
import { Checkpoint, hubSettings } from "@precipice/model";
import { organismFolder } from "@precipice/organism";
import { Pipeline, Run } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { situationOf } from "../../packages/cli/src/greeting/situation.ts";
import { registry } from "../../packages/cli/src/registry.ts";
import { openInside } from "../../packages/cli/src/view/run-file.ts";
import { readAdapter } from "../../packages/finetune/src/peft-files.ts";
import { readRef } from "../../packages/model/src/hub/cache.ts";
import { fileDigest } from "../../packages/model/src/weights/file-digest.ts";
import { readManifest } from "../../packages/runtime/src/artifact/manifest.ts";
import { readBytes } from "../../packages/runtime/src/io.ts";
import { findPackage } from "../../packages/runtime/src/plugins/locate.ts";
import { loadPrompts } from "../../packages/trace/src/data/load-prompts.ts";
import { readTemplate } from "../../packages/trace/src/judge-template.ts";
import { temporary } from "../support/on-disk.ts";

const root = temporary();
const organism = organismFolder("aligned") as string;
let count = 0;
const newFolder = (): string => {
  const folder = join(root, `f${count++}`);
  mkdirSync(folder, { recursive: true });
  return folder;
};

/** What may stand in the place of a file. */
const THINGS: Readonly<Record<string, (path: string) => void>> = {
  "a FIFO": (path) => execFileSync("mkfifo", [path]),
  "a link to a FIFO": (path) => {
    execFileSync("mkfifo", [`${path}.fifo`]);
    symlinkSync(`${path}.fifo`, path);
  },
  "an endless device": (path) => symlinkSync("/dev/zero", path),
  "an empty device": (path) => symlinkSync("/dev/null", path),
  "a folder": (path) => mkdirSync(path),
};

/** A checkpoint of links in which `name` is the thing. */
const checkpointWith = (folder: string, name: string, put: (path: string) => void): Checkpoint => {
  for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
    if (file !== name && existsSync(join(organism, file))) symlinkSync(join(organism, file), join(folder, file));
  rmSync(join(folder, name), { force: true });
  put(join(folder, name));
  return Checkpoint.open(folder);
};

type Put = (path: string) => void;
const run = <A>(effect: Effect.Effect<A, unknown>) => Effect.runPromise(effect as Effect.Effect<A>);
const query = { labels: "harmless", label: "both", dedup: false, seed: 0 } as const;
const data = (name: string) => (folder: string, put: Put) => {
  put(join(folder, name));
  return loadPrompts({ ...query, source: name }, { base: folder });
};
const pipeline = (text: string, name: string) => (folder: string, put: Put) => {
  put(join(folder, name));
  writeFileSync(join(folder, "p.yaml"), text);
  return run(Pipeline.load(join(folder, "p.yaml"), registry));
};

/** Where files are opened: each is given a folder, puts the thing into it and reads. */
const PLACES: Readonly<Record<string, (folder: string, put: Put) => unknown>> = {
  "data .jsonl": data("rows.jsonl"),
  "data .json": data("rows.json"),
  "data .csv": data("rows.csv"),
  "data .tsv": data("rows.tsv"),
  "data .parquet": data("rows.parquet"),
  "data .jsonl.gz": data("rows.jsonl.gz"),
  "a pipeline": (folder, put) => {
    put(join(folder, "p.yaml"));
    return run(Pipeline.load(join(folder, "p.yaml"), registry));
  },
  "an import": pipeline(
    "version: 1\nname: x\nimport: { part: { file: part.yaml } }\nnodes: { a: { stage: data.prompts, config: { source: organism://pool } } }\n",
    "part.yaml",
  ),
  "a file of variables": (folder, put) => {
    put(join(folder, "vars.yaml"));
    const text = "version: 1\nname: x\nvars: {a: 1}\nnodes: {}\n";
    return run(Pipeline.parse(text, "p.yaml", registry, { varsFile: join(folder, "vars.yaml") }));
  },
  "a plugin's package.json": (folder, put) => {
    mkdirSync(join(folder, "node_modules/lab"), { recursive: true });
    put(join(folder, "node_modules/lab/package.json"));
    return findPackage("lab", folder);
  },
  "a judge's template": (folder, put) => {
    put(join(folder, "judge.txt"));
    return readTemplate("judge.txt", folder);
  },
  "config.json": (folder, put) => checkpointWith(folder, "config.json", put),
  "generation_config.json": (folder, put) => checkpointWith(folder, "generation_config.json", put),
  "tokenizer.json": (folder, put) => checkpointWith(folder, "tokenizer.json", put).tokenizer,
  "tokenizer_config.json": (folder, put) => checkpointWith(folder, "tokenizer_config.json", put).tokenizer,
  "special_tokens_map.json": (folder, put) => checkpointWith(folder, "special_tokens_map.json", put).tokenizer,
  "chat_template.jinja": (folder, put) => checkpointWith(folder, "chat_template.jinja", put).template,
  "planted_heads.json": (folder, put) => checkpointWith(folder, "planted_heads.json", put).plantedHeads,
  "model.safetensors": (folder, put) => checkpointWith(folder, "model.safetensors", put),
  "an index of shards": (folder, put) => {
    for (const file of ["config.json", "tokenizer.json"]) copyFileSync(join(organism, file), join(folder, file));
    put(join(folder, "model.safetensors.index.json"));
    return Checkpoint.open(folder);
  },
  "a shard": (folder, put) => {
    for (const file of ["config.json", "tokenizer.json"]) copyFileSync(join(organism, file), join(folder, file));
    const map = JSON.stringify({ weight_map: { a: "model-1-of-1.safetensors" } });
    writeFileSync(join(folder, "model.safetensors.index.json"), map);
    put(join(folder, "model-1-of-1.safetensors"));
    return Checkpoint.open(folder);
  },
  "adapter_config.json": (folder, put) => {
    put(join(folder, "adapter_config.json"));
    return readAdapter(folder, {} as never);
  },
  "adapter_model.safetensors": (folder, put) => {
    const config = { peft_type: "LORA", r: 1, lora_alpha: 1, target_modules: ["q_proj"] };
    writeFileSync(join(folder, "adapter_config.json"), JSON.stringify(config));
    put(join(folder, "adapter_model.safetensors"));
    return readAdapter(folder, Checkpoint.open(organism).config);
  },
  "a file to be hashed": (folder, put) => {
    put(join(folder, "x"));
    return fileDigest(join(folder, "x"));
  },
  "an artifact's manifest": (folder, put) => {
    put(join(folder, "artifact.json"));
    return run(readManifest(folder));
  },
  "an artifact's table": (folder, put) => {
    put(join(folder, "rows.parquet"));
    return readBytes(join(folder, "rows.parquet"));
  },
  "run.json": (folder, put) => {
    put(join(folder, "run.json"));
    return run(Run.read(folder));
  },
};

/** Files whose absence is as good: what is no file is none. */
const ABSENT: Readonly<Record<string, (folder: string, put: Put) => unknown>> = {
  "a file that view shows": (folder, put) => {
    put(join(folder, "x.html"));
    return openInside(folder, ["x.html"]);
  },
  "the hub's token": (folder, put) => {
    put(join(folder, "token"));
    return hubSettings({ HF_TOKEN_PATH: join(folder, "token"), HF_HOME: folder }).token;
  },
  "a branch of a cached repository": (folder, put) => {
    mkdirSync(join(folder, "models--a--b/refs"), { recursive: true });
    put(join(folder, "models--a--b/refs/main"));
    return readRef(folder, { type: "model", name: "a/b", revision: "main" } as never);
  },
};

const unix = process.platform !== "win32";

describe.runIf(unix)("refuses", () => {
  const rows = Object.keys(THINGS).flatMap((thing) => Object.keys(PLACES).map((place) => [thing, place] as const));
  it.each(rows)("%s in place of %s", async (thing, place) => {
    const folder = newFolder();
    const read = async () => PLACES[place]?.(folder, THINGS[thing] as Put);
    const error = await read().then(
      () => undefined,
      (cause: Error) => cause,
    );
    expect(error?.message).toMatch(/not a regular file/);
    expect(error?.message).toContain(folder.split("/").at(-1));
  });

  const none = Object.keys(THINGS).flatMap((thing) => Object.keys(ABSENT).map((place) => [thing, place] as const));
  it.each(none)("%s in place of %s: it is none", async (thing, place) => {
    expect(await ABSENT[place]?.(newFolder(), THINGS[thing] as Put)).toBeUndefined();
  });

  it("passes over a pipe among the pipelines of a folder", async () => {
    const folder = newFolder();
    execFileSync("mkfifo", [join(folder, "p.yaml")]);
    expect(await run(situationOf(folder, folder))).toEqual({ pipelines: [] });
  });

  describe("a socket", () => {
    const path = join(newFolder(), "s");
    const server = createServer();
    beforeAll(() => new Promise<void>((done) => server.listen(path, done)));
    afterAll(() => new Promise((done) => server.close(done)));
    it("is named", () => expect(() => openFileSync(path)).toThrow(`it is a socket, not a regular file: ${path}`));
  });
});

describe("reading up to a bound", () => {
  const file = (bytes: number): string => {
    const path = join(newFolder(), "x");
    writeFileSync(path, "");
    truncateSync(path, bytes); // without blocks on the disk
    return path;
  };

  it.each([
    ["sync", async (path: string, most: number) => readFileBytesSync(path, most)],
    ["async", readFileBytes],
  ])("%s", async (_, read) => {
    expect((await read(file(100), 100)).length).toBe(100);
    expect((await read(file(0), 0)).length).toBe(0);
    await expect(read(file(101), 100)).rejects.toThrow("it has 101 bytes; at most 100 are read");
    await expect(read(file(9e9), 1e6)).rejects.toThrow("it has 9,000,000,000 bytes; at most 1,000,000 are read");
    // a file of /proc says that it has 0 bytes
    if (existsSync("/proc/self/status")) {
      expect((await read("/proc/self/status", 1e6)).length).toBeGreaterThan(100);
      await expect(read("/proc/self/status", 100)).rejects.toThrow(/at most 100 are read/);
    }
    await expect(read(join(root, "absent"), 100)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("gives the open file and its size", async () => {
    const { handle, bytes } = await openFile(file(7));
    await handle.close();
    expect(bytes).toBe(7);
  });

  it.each<[string, number, (path: string) => unknown, RegExp]>([
    ["config.json", 65e6 * 2, (path) => Checkpoint.open(dirname(path)), /has 130,000,000 bytes; at most/],
    ["judge.txt", 2e7, (path) => readTemplate("judge.txt", dirname(path)), /has 20,000,000 bytes; at most/],
    [
      "rows.json",
      6e8,
      (path) => loadPrompts({ ...query, source: "rows.json" }, { base: dirname(path) }),
      /rows\.json: it has 600,000,000 bytes; at most/,
    ],
  ])("%s of %d bytes", async (name, bytes, read, message) => {
    const path = join(newFolder(), name);
    writeFileSync(path, "{");
    truncateSync(path, bytes);
    await expect((async () => read(path))()).rejects.toThrow(message);
  });
});
