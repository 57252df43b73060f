/** `precipice diff A B`: what two runs did differently, and what came of it. */
import { resolve } from "node:path";
import { Run } from "@precipice/runtime";
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { metricText, valueText } from "../change-text.ts";
import { findRun } from "../find-run.ts";
import * as flags from "../flags.ts";
import { type Cells, table } from "../terminal/table.ts";
import { duration, outputWidth, painterFor, printable, short } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

const run = (name: string, what: string) => Argument.String(name).pipe(Argument.withDescription(what));

export const diffCommand = () =>
  Command.make(
    "diff",
    {
      a: run(
        "a",
        "A run: latest~1, an id or its beginning or end, a folder; default: latest~1, which also stands for latest alone",
      ).pipe(Argument.optional),
      b: run("b", "The run to compare it with; default: latest").pipe(Argument.optional),
      root: flags.root,
      json: flags.json("Print as JSON"),
    },
    Effect.fn("precipice diff")(function* ({ a, b, root, json }) {
      const folder = yield* flags.resolveRoot(Option.getOrUndefined(root));
      const read = Effect.fnUntraced(function* (what: string) {
        const path = yield* findRun(what, folder);
        return { record: yield* Run.read(path), summary: yield* Run.summary(path) };
      });
      const [before, after] = yield* Effect.gen(function* () {
        const last = Option.getOrElse(b, () => "latest");
        const first = Option.getOrElse(a, () => "latest~1");
        // a run alone is compared with the latest; the latest alone with the one before it, not with itself
        const isLast =
          Option.isNone(b) && resolve(yield* findRun(first, folder)) === resolve(yield* findRun(last, folder));
        return [yield* read(isLast ? "latest~1" : first), yield* read(last)] as const;
      }).pipe(jsonErrors(json));
      const diff = Run.diff(before, after);
      process.stdout.write(json ? `${JSON.stringify(diff, null, 2)}\n` : `${diffText(diff, before, after)}\n`);
    }),
  ).pipe(
    Command.withDescription("Compare two runs: settings, nodes with config and inputs, metrics"),
    Command.withExamples([
      { command: "precipice diff", description: "The run before the last, and the last" },
      { command: "precipice diff 20260101-1200 latest", description: "By the beginning of an id" },
      { command: "precipice diff latest~2 latest --json", description: "For programs" },
    ]),
  );

function diffText(diff: Run.RunDiff, a: Run.RecordedRun, b: Run.RecordedRun): string {
  const paint = painterFor(process.stdout);
  const head = (name: string, { record }: Run.RecordedRun): string =>
    `${paint("bold", `${name}  ${printable(record.id)}`)}  ${record.status} in ${duration(1000 * record.wallSeconds)}`;
  const section = (title: string, rows: ReadonlyArray<Cells>, note = ""): ReadonlyArray<string> => [
    "",
    `${paint("bold", title)}${note === "" ? "" : `  ${paint("dim", note)}`}`,
    ...(rows.length === 0 ? ["(no differences)"] : table(rows, outputWidth())),
  ];
  const same = diff.nodes.filter(({ change }) => change === "same").length;
  const metrics = diff.metrics.filter(({ delta }) => delta !== 0);
  const equal = diff.metrics.length - metrics.length;
  return [
    head("A", a),
    head("B", b),
    ...(diff.run.length === 0 ? [] : section("run", diff.run.map(changeCells))),
    ...section("nodes", diff.nodes.flatMap(nodeCells), same === 0 ? "" : `${same} the same`),
    ...section("metrics", metrics.map(metricCells), equal === 0 ? "" : `${equal} equal`),
  ].join("\n");
}

const nodeCells = ({ node, change, parts }: Run.NodeDiff): ReadonlyArray<Cells> => {
  if (change === "same") return [];
  if (change === "added") return [{ node, what: "", A: "", B: "only here" }];
  if (change === "removed") return [{ node, what: "", A: "only here", B: "" }];
  return parts.map((part) => ({ node, ...changeCells(part) }));
};

const changeCells = ({ path, a, b }: Run.Change): Cells => ({ what: path, A: valueText(a), B: valueText(b) });

const metricCells = ({ key, a, b, delta, apart }: Run.MetricDiff): Cells => ({
  metric: key,
  A: metricText(a),
  B: metricText(b),
  "B − A": delta === undefined ? "" : `${delta > 0 ? "+" : ""}${short(delta)}`,
  "95% CIs": apart === undefined ? "" : apart ? "apart" : "overlap",
});
