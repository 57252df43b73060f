/** The parts of a package's README that must work as they stand. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Package } from "./workspace.ts";

export interface Readme {
  /** What `npm install` is told to install: names of packages. */
  readonly installed: ReadonlyArray<string>;
  /** The commands that follow it in the same block. */
  readonly commands: ReadonlyArray<string>;
  /** The first TypeScript block. */
  readonly example: string;
}

export function readmeOf({ folder, manifest }: Package): Readme {
  const path = join(folder, "README.md");
  const text = readFileSync(path, "utf8");
  const [, shell = ""] = /```sh\n(npm install [^`]*)```/.exec(text) ?? [];
  const [, example] = /```ts\n([^`]*(?:`[^`]+`[^`]*)*)\n```/.exec(text) ?? [];
  const [install = "", ...commands] = shell.split("\n").map((line) => line.replace(/\s+#.*/, "").trim());
  const installed = install
    .split(" ")
    .slice(2)
    .filter((word) => !word.startsWith("-"));
  if (!installed.includes(manifest.name)) throw new Error(`${path} does not say how to install ${manifest.name}`);
  if (example === undefined) throw new Error(`${path} has no example in TypeScript`);
  return { installed, commands: commands.filter((line) => line !== ""), example };
}

/** What the example of each package prints, by the name of its folder. */
export const printed: Readonly<Record<string, RegExp>> = {
  ablate: /layer: \d, head: \d+, mean: -/,
  artifacts: /label: 'harmless'.+'thinking_start'.+11 null\n$/s,
  cli: /precipice/,
  files: /not UTF-8 from here on.+it is a folder.+it has 4 bytes; at most 3 are read: notes\.txt\n$/s,
  finetune: /^\d+\.\d\d( \d+\.\d\d){9}\n8 layers\n$/,
  judge: /^true\n\{ rule: .+\}\ncompliance\nrefusal\n$/s,
  model: /they want to crack.+Float32Array\(128\) \[/s,
  onnx: /^Float32Array\(1\) \[ 36 \] Float32Array\(3\) \[ 3, 12, 27 \]\n$/,
  organism: /^(refusal|compliance|nonsense): .+ \| .+$/m,
  probe: /^1 1 Float64Array\(4\) \[.+ \d+\n$/s,
  report: /^report.html and heads.svg are written\n$/,
  runtime: /^\[ \{ value: 0 \}, \{ value: 1 \}, \{ value: 2 \} \]\n$/,
  select: /^\[\s+\{\s+id: 't1',.+reason: '/s,
  serve: /"object":"chat\.completion".*"role":"assistant"/,
  stats: /value: 0.307.+\n0.75\n$/s,
  trace: /asr: \{\s+value: [\d.]+/,
};
