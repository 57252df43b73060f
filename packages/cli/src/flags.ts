/** Flags that several commands share. None may have a name that nx takes for itself. */
import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { readFileTextSync } from "@precipice/files";
import * as Argument from "effect/cli/Argument";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";

export const file = Argument.String("file").pipe(Argument.withDescription("The pipeline's YAML file"));

export const vars = Flag.String("vars").pipe(
  Flag.withDescription("A YAML or JSON file with values for the pipeline's vars; --set goes over it"),
  Flag.withMetavar("file"),
  Flag.optional,
);

export const set = Flag.String("set").pipe(
  Flag.withDescription(
    "Set vars.NAME=VALUE (or NAME=VALUE), nodes.NODE.config.KEY=VALUE or defaults.STAGE.KEY=VALUE; text as it is, relative paths from here; may be repeated",
  ),
  Flag.withMetavar("path=value"),
  Flag.atLeast(0),
);

export const root = Flag.String("root").pipe(
  Flag.withDescription("Folder that holds .precipice and runs; the nearest workspace by default"),
  Flag.withMetavar("folder"),
  Flag.optional,
);

export const json = (what: string) => Flag.Boolean("json").pipe(Flag.withDescription(what), Flag.withDefault(false));

/** For commands without a pipeline file, which would name its plugins itself. */
export const plugin = Flag.String("plugin").pipe(
  Flag.withDescription("A package with more stages, as in a pipeline's plugins: a name or ./folder; may be repeated"),
  Flag.withMetavar("package"),
  Flag.atLeast(0),
);

export const force = Flag.String("force").pipe(
  Flag.withDescription("Run this node again, and what depends on it; may be repeated; node[seed=1] of a matrix"),
  Flag.withMetavar("node"),
  Flag.atLeast(0),
);

export const only = Flag.String("only").pipe(
  Flag.withDescription("Run this node only; what it needs must be stored"),
  Flag.withMetavar("node"),
  Flag.optional,
);

export const from = Flag.String("from").pipe(
  Flag.withDescription("Run this node and what depends on it; what these need must be stored"),
  Flag.withMetavar("node"),
  Flag.optional,
);

export const to = Flag.String("to").pipe(
  Flag.withDescription("Run this node and what it needs"),
  Flag.withMetavar("node"),
  Flag.optional,
);

export const heal = Flag.Boolean("heal").pipe(
  Flag.withDescription("Hash every stored result that is used, and make anew what is damaged"),
  Flag.withDefault(false),
);

/** What decides a plan: the same for every command that plans, so that the one runs what the other shows. */
export const plan = { file, set, vars, root, from, to, only, force, heal };

/** The folder given, else the nearest one above the working directory that has a store or is a workspace, else that. */
export const resolveRoot = (given: string | undefined): Effect.Effect<string> =>
  Effect.sync(() => (given === undefined ? nearestRoot(process.cwd()) : resolve(given)));

/**
 * The folder that the user is in. npm and nx start a command in the folder of a package or workspace, and say in `INIT_CWD` where
 * they were started; it counts only while the command is still where they put it.
 */
export function standingFolder(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): string {
  const { INIT_CWD: started, npm_package_json: manifest, NX_WORKSPACE_ROOT: workspace } = env;
  const moved = (manifest !== undefined && dirname(manifest) === cwd) || workspace === cwd;
  return moved && started !== undefined && isAbsolute(started) && existsSync(started) ? started : cwd;
}

function nearestRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".precipice")) || isWorkspace(join(folder, "package.json"))) return folder;
    if (dirname(folder) === folder) return start;
  }
}

function isWorkspace(manifest: string): boolean {
  try {
    return "workspaces" in (JSON.parse(readFileTextSync(manifest)) as object);
  } catch {
    return false;
  }
}

export const ageUnits = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
export const sizeUnits = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
} as const;

/** `30d`, `10GB`: a number and a unit, in the smallest unit; `None` for anything else. */
export const measure =
  (units: { readonly [unit: string]: number }) =>
  (text: string): Option.Option<number> => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim());
    const unit = Object.entries(units).find(([name]) => name.toLowerCase() === match?.[2]?.toLowerCase());
    return match === null || unit === undefined ? Option.none() : Option.some(Number(match[1]) * unit[1]);
  };
