/** Builds the page as a folder of static files: nothing in it loads from elsewhere, and it works under any path. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { Checkpoint } from "@precipice/model";
import { organismFolder } from "@precipice/organism";
import { bundlePage } from "./bundle.ts";
import { makeData } from "./make-data.ts";
import { renderPage } from "./page.ts";
import { ENGINES, type EngineName, type PageData } from "./page-data.ts";
import { pageStyles } from "./page-styles.ts";
import { writeProgram } from "./program.ts";
import { runStudy, type Study } from "./study.ts";

export interface BuildOptions {
  /** Name of a shipped organism. Default: cliff. */
  readonly model?: string;
  /** Folder of the page; what lies there gives way. */
  readonly out: string;
  /** Folder that holds the study's store and run: a second build finds it done there. */
  readonly root: string;
  readonly log?: (line: string) => void;
}

export interface Built {
  readonly out: string;
  readonly files: ReadonlyArray<{ readonly name: string; readonly bytes: number }>;
  readonly data: PageData;
  readonly study: Study;
}

/** onnxruntime's build for each execution provider. */
const RUNTIMES: Readonly<Record<EngineName, string>> = {
  wasm: "ort-wasm-simd-threaded.wasm",
  webgpu: "ort-wasm-simd-threaded.asyncify.wasm",
};

/** Throws for a name that is no organism; rejects with what a stage of the study failed with. Writes the folder whole or not at all. */
export const buildPlayground = async ({ model = "cliff", out, root, log = () => {} }: BuildOptions): Promise<Built> => {
  const folder = organismFolder(model);
  if (folder === undefined) throw new Error(`"${model}" is no shipped organism; there are aligned, cliff and drifted`);
  const checkpoint = Checkpoint.open(folder);
  const study = await runStudy({ model: `organism://${model}`, root, log });
  const data = makeData(model, checkpoint, study);
  const { names, files: scripts } = await bundlePage();

  mkdirSync(dirname(resolve(out)), { recursive: true });
  const made = mkdtempSync(`${resolve(out)}-`);
  const files: Array<{ name: string; bytes: number }> = [];
  const place = (name: string, bytes: Uint8Array | string): string => {
    mkdirSync(dirname(join(made, name)), { recursive: true });
    writeFileSync(join(made, name), bytes);
    files.push({ name, bytes: Buffer.byteLength(bytes) });
    return name;
  };
  /** Named by content, so that a cache never mixes two builds. */
  const placeHashed = (stem: string, extension: string, bytes: Uint8Array | string): string => {
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
    return place(`assets/${stem}-${hash}.${extension}`, bytes);
  };
  try {
    const program = join(made, "program.onnx");
    writeProgram(checkpoint, program);
    const programBytes = readFileSync(program);
    rmSync(program);
    const dist = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
    for (const { name, bytes } of scripts) place(`assets/${name}`, bytes);
    const script = (name: keyof typeof names) => `assets/${names[name]}`;
    const engines = Object.fromEntries(
      ENGINES.map((engine) => {
        const wasm = placeHashed(`onnxruntime-${engine}`, "wasm", readFileSync(join(dist, RUNTIMES[engine])));
        return [engine, { worker: script(`worker-${engine}`), wasm }];
      }),
    ) as Record<EngineName, { worker: string; wasm: string }>;
    const page = renderPage(data, {
      data: placeHashed("data", "json", JSON.stringify(data)),
      program: placeHashed(model, "onnx", programBytes),
      engines,
      main: script("main"),
      style: placeHashed("style", "css", pageStyles),
    });
    place("index.html", page);
    rmSync(out, { recursive: true, force: true });
    renameSync(made, out);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    throw error;
  }
  return { out: resolve(out), files, data, study };
};
