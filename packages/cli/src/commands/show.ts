/** `precipice show WHAT`: an artifact's origin and first rows, or a run's nodes and metrics. */
import { Artifact, Run } from "@precipice/runtime";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { findShown } from "../find-shown.ts";
import * as flags from "../flags.ts";
import { infoLines } from "../terminal/errors.ts";
import { metricLines } from "../terminal/metrics.ts";
import { labelsOf } from "../terminal/node-labels.ts";
import { collapsed, groupText } from "../terminal/skipped-text.ts";
import { table } from "../terminal/table.ts";
import { bytesText, dataWidth, duration, outputWidth, painterFor, printable } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

export const showCommand = () =>
  Command.make(
    "show",
    {
      what: Argument.String("what").pipe(
        Argument.withDescription("A folder, a digest, a run, `latest`, `latest~1`, or NODE[.OUTPUT] of the latest run"),
      ),
      rows: Flag.Int("rows").pipe(
        Flag.withDescription("How many rows of each table; default: 5"),
        Flag.withMetavar("n"),
        Flag.filter(
          (n) => n >= 0,
          () => "a whole number, 0 or more",
        ),
        Flag.withDefault(5),
      ),
      path: Flag.Boolean("path").pipe(
        Flag.withDescription("Print only the absolute folder, one a line where there are several outputs"),
        Flag.withDefault(false),
      ),
      root: flags.root,
      json: flags.json("Print as JSON"),
    },
    Effect.fn("precipice show")(function* ({ what, rows, path: onlyPath, root, json }) {
      const folder = yield* flags.resolveRoot(Option.getOrUndefined(root));
      const shown = yield* findShown(what, folder).pipe(jsonErrors(json));
      if (onlyPath) {
        const paths = shown.type === "run" ? [shown.path] : shown.paths;
        process.stdout.write(json ? `${JSON.stringify(paths)}\n` : paths.map((path) => `${path}\n`).join(""));
        return;
      }
      if (shown.type === "run") {
        const run = { run: yield* Run.read(shown.path), summary: yield* Run.summary(shown.path) };
        process.stdout.write(json ? `${JSON.stringify(run, null, 2)}\n` : `${runText(run.run, run.summary)}\n`);
        return;
      }
      const previews = yield* Effect.forEach(shown.paths, (path) =>
        Effect.map(Artifact.boundedPreview(path, rows), (preview) => ({ path, ...preview })),
      ).pipe(jsonErrors(json));
      if (json) process.stdout.write(`${JSON.stringify(previews.length === 1 ? previews[0] : previews, null, 2)}\n`);
      else process.stdout.write(`${previews.map(artifactText).join("\n\n")}\n`);
    }),
  ).pipe(
    Command.withDescription("Show an artifact's origin and first rows, or a run's nodes and metrics"),
    Command.withExamples([
      { command: "precipice show latest", description: "The last run: its nodes and metrics" },
      { command: "precipice show traces --rows 3", description: "What node traces made in the last run" },
      { command: "precipice show scores.scores --path", description: "The folder of that output, for other programs" },
      { command: "precipice show 3f9c2a --json", description: "An artifact by the beginning of its digest" },
    ]),
  );

function runText(run: Run.RunRecord, summary: Run.Summary | undefined): string {
  const paint = painterFor(process.stdout);
  const groups = collapsed(run.nodes.map(({ node, state, reason }) => ({ node, status: state, reason })));
  const listed = groups.length === 0 ? run.nodes : run.nodes.filter(({ state }) => state !== "skipped");
  const labels = labelsOf(
    listed.map(({ node }) => node),
    outputWidth(),
  );
  const nodes = listed.map(({ node, stage, state, durationMs, reason }) => ({
    node: labels.of(node),
    stage,
    state,
    took: durationMs === undefined ? "" : duration(durationMs),
    reason,
  }));
  const errors = run.nodes.flatMap(({ node, error }) => (error === undefined ? [] : [{ node, error }]));
  const metrics = metricLines(summary?.metrics ?? {}, outputWidth());
  return [
    `${paint("bold", printable(run.id))}  ${run.status} in ${duration(run.wallSeconds * 1000)}  ${printable(run.file)}`,
    "",
    ...table(nodes, outputWidth(), { wrap: ["reason"] }),
    ...groups.map((group) => `· ${groupText(group)}`),
    ...errors.flatMap(({ node, error }) => ["", `${printable(node)}:`, ...infoLines(error, paint)]),
    ...(run.error === undefined ? [] : ["", ...infoLines(run.error, paint)]),
    ...(metrics.length === 0 ? [] : ["", ...metrics]),
  ].join("\n");
}

function artifactText({ path, manifest, tables, vectors }: Artifact.Preview & { readonly path: string }): string {
  const paint = painterFor(process.stdout);
  const { kind, digest, contents, origin, createdAt } = manifest;
  const facts = [
    ["digest", digest],
    ["folder", path],
    [
      "made by",
      `${origin.stage} version ${origin.stageVersion}, output ${origin.output}, in ${duration(origin.durationMs)}`,
    ],
    ["at", createdAt],
    ["config", JSON.stringify(origin.config)],
    ...(origin.notes ?? []).map((note) => ["note", note] as const),
    ["files", contents.files.map(({ path, bytes }) => `${path} (${bytesText(bytes)})`).join(", ")],
  ] as const;
  return [
    `${paint("bold", printable(kind))}  ${bytesText(contents.bytes)}`,
    ...facts.map(([name, value]) => `  ${name.padEnd(8)} ${printable(value)}`),
    ...tables.flatMap(({ name, rows, first }) => [
      "",
      `${paint("bold", name)}  ${rows} rows`,
      ...table(first, dataWidth()),
    ]),
    ...vectors.flatMap(({ name, rows, dim, first }) => [
      "",
      `${paint("bold", name)}  ${rows} vectors of ${dim}`,
      ...table(first, dataWidth()),
    ]),
  ].join("\n");
}
