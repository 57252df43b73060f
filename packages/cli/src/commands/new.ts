/** `precipice new stage NAME` and `precipice new pipeline NAME`: something that works, to start from. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Plugin, type Registry, Stage } from "@precipice/runtime";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { renamed, type StageNames, stageNames } from "../scaffold/names.ts";
import { writeFile, writeFolder } from "../scaffold/write-new.ts";
import { CommandError, commandErrorOf } from "../terminal/errors.ts";
import { printable } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

const templates = fileURLToPath(new URL("../../templates", import.meta.url));

const attempt = <A>(make: () => A, json: boolean) =>
  Effect.try({ try: make, catch: (error) => commandErrorOf(error, "E_IO") }).pipe(jsonErrors(json));

const stage = (registry: Registry.Registry) =>
  Command.make(
    "stage",
    {
      name: Argument.String("name").pipe(Argument.withDescription("Id of the stage, such as acme.count")),
      folder: Flag.String("folder").pipe(
        Flag.withDescription("Folder to make; by default named after the package, in the working folder"),
        Flag.withMetavar("folder"),
        Flag.optional,
      ),
      package: Flag.String("package").pipe(
        Flag.withDescription("Name of the package; by default precipice-NAME"),
        Flag.withMetavar("name"),
        Flag.optional,
      ),
      json: flags.json("Print what was written as JSON"),
    },
    Effect.fn("precipice new stage")(function* (given) {
      const { folder, files, names } = yield* attempt(() => {
        const names = checkedNames(given.name, Option.getOrUndefined(given.package), registry);
        const folder = resolve(Option.getOrElse(given.folder, () => basename(names.packageName)));
        const files = packageFiles(names);
        writeFolder(folder, files);
        return { folder, files: [...files.keys()], names };
      }, given.json);
      if (given.json) {
        process.stdout.write(`${JSON.stringify({ package: names.packageName, stage: names.id, folder, files })}\n`);
        return;
      }
      const shown = relative(process.cwd(), folder) || ".";
      tell([
        `${names.packageName}: stage ${names.id} in ${shown}`,
        ...files.map((file) => `  ${file}`),
        "",
        `cd ${shown}`,
        "npm install && npm test",
        "npx precipice run pipeline.yaml",
      ]);
    }),
  ).pipe(
    Command.withDescription("Make a package with a stage, its test and a pipeline that uses it"),
    Command.withExamples([
      { command: "precipice new stage acme.count", description: "In ./precipice-acme-count" },
      {
        command: "precipice new stage acme.count --package @acme/precipice-count --folder packages/count",
        description: "With names of your own",
      },
    ]),
  );

const pipeline = Command.make(
  "pipeline",
  {
    name: Argument.String("name").pipe(Argument.withDescription("Name of the pipeline: letters, digits, - and _")),
    folder: Flag.String("folder").pipe(
      Flag.withDescription("Folder for NAME.yaml; the working folder by default"),
      Flag.withMetavar("folder"),
      Flag.withDefault("."),
    ),
    json: flags.json("Print what was written as JSON"),
  },
  Effect.fn("precipice new pipeline")(function* ({ name, folder, json }) {
    const path = yield* attempt(() => {
      if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) {
        throw new CommandError("E_NEW_NAME", `"${name}" cannot name a pipeline`, "Use letters, digits, - and _.");
      }
      const path = join(resolve(folder), `${name}.yaml`);
      writeFile(path, readFileSync(join(templates, "pipeline.yaml"), "utf8").replaceAll("template-study", name));
      return path;
    }, json);
    const shown = relative(process.cwd(), path);
    if (json) process.stdout.write(`${JSON.stringify({ pipeline: name, file: path })}\n`);
    else tell([shown, "", `npx precipice plan ${shown}`, `npx precipice run ${shown}`]);
  }),
).pipe(
  Command.withDescription("Write a commented pipeline file that runs as it is"),
  Command.withExamples([
    { command: "precipice new pipeline study", description: "study.yaml, here" },
    { command: "precipice new pipeline study --folder pipelines", description: "Elsewhere" },
  ]),
);

export const newCommand = (registry: Registry.Registry) =>
  Command.make("new").pipe(
    Command.withDescription("Start a stage package or a pipeline file"),
    Command.withExamples([
      { command: "precipice new stage acme.count", description: "A package with a stage and its test" },
      { command: "precipice new pipeline study", description: "A commented pipeline file" },
    ]),
    Command.withSubcommands([stage(registry), pipeline]),
  );

function checkedNames(id: string, packageName: string | undefined, registry: Registry.Registry): StageNames {
  if (!Stage.stageIdPattern.test(id)) {
    throw new CommandError("E_NEW_NAME", `"${id}" cannot name a stage`, "Stage ids look like acme.count.");
  }
  if (registry.stages.has(id)) {
    const remedy = "Begin it with a name of your own: acme.count.";
    throw new CommandError("E_NEW_NAME", `precipice itself has a stage "${id}"`, remedy);
  }
  const names = stageNames(id, packageName);
  if (!Plugin.isPackageName(names.packageName)) {
    const remedy = "Names look like precipice-count or @acme/precipice-count.";
    throw new CommandError("E_NEW_NAME", `"${names.packageName}" cannot name a package`, remedy);
  }
  return names;
}

/** The files of the template package under their new names. */
function packageFiles(names: StageNames): ReadonlyMap<string, string> {
  const root = join(templates, "stage-package");
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
    readonly dependencies: { readonly effect: string };
  };
  const versions = { precipice: manifest.version, effect: manifest.dependencies.effect };
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
  return new Map(
    files.map((file) => [
      // npm leaves a .gitignore out of packages.
      renamed(file, names, versions).replace(/^gitignore$/, ".gitignore"),
      renamed(readFileSync(join(root, file), "utf8"), names, versions),
    ]),
  );
}

const tell = (lines: ReadonlyArray<string>): void => {
  process.stdout.write(`${lines.map(printable).join("\n")}\n`);
};
