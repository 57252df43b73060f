/** `precipice runs`: what was run here, newest first. */
import { Run } from "@precipice/runtime";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { table } from "../terminal/table.ts";
import { duration, outputWidth, printable } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

export const runsCommand = () =>
  Command.make(
    "runs",
    {
      pipeline: Flag.String("pipeline").pipe(
        Flag.withDescription("Only runs of the pipeline of this name"),
        Flag.withMetavar("name"),
        Flag.optional,
      ),
      last: Flag.Int("last").pipe(
        Flag.withDescription("At most so many; 0 is all; default: 20"),
        Flag.withMetavar("n"),
        Flag.filter(
          (n) => n >= 0,
          () => "a whole number, 0 or more",
        ),
        Flag.withDefault(20),
      ),
      root: flags.root,
      json: flags.json("Print as JSON"),
    },
    Effect.fn("precipice runs")(function* ({ pipeline, last, root, json }) {
      const folder = yield* flags.resolveRoot(Option.getOrUndefined(root));
      const all = yield* Run.list(folder).pipe(jsonErrors(json));
      const wanted = all.filter(({ record }) => Option.isNone(pipeline) || record?.pipeline === pipeline.value);
      const shown = last === 0 ? wanted : wanted.slice(0, last);
      if (json) {
        process.stdout.write(`${JSON.stringify(shown.map(summaryOf), null, 2)}\n`);
        return;
      }
      const rows = shown.map(summaryOf).map(({ id, pipeline, status, wallSeconds, nodes, git }) => ({
        run: id,
        pipeline: pipeline ?? "",
        status,
        took: wallSeconds === undefined ? "" : duration(1000 * wallSeconds),
        nodes: Object.entries(nodes)
          .map(([state, count]) => `${count} ${state}`)
          .join(", "),
        commit: git === undefined ? "" : `${git.commit.slice(0, 7)}${git.dirty ? "+" : ""}`,
      }));
      const more = wanted.length - shown.length;
      const lines = [...table(rows, outputWidth(), { wrap: ["nodes"] }), ...(more > 0 ? [`and ${more} more`] : [])];
      process.stdout.write(`${lines.length === 0 ? `No runs in ${printable(folder)}.` : lines.join("\n")}\n`);
    }),
  ).pipe(
    Command.withDescription("List runs, newest first"),
    Command.withExamples([
      { command: "precipice runs", description: "The last 20" },
      { command: "precipice runs --pipeline quickstart --last 0 --json", description: "All of one, for programs" },
    ]),
  );

const summaryOf = ({ id, path, status, record }: Run.ListedRun) => ({
  id,
  path,
  status,
  ...(record === undefined
    ? {}
    : {
        pipeline: record.pipeline,
        file: record.file,
        startedAt: record.startedAt,
        wallSeconds: record.wallSeconds,
        ...(record.git === undefined ? {} : { git: record.git }),
      }),
  nodes: Object.fromEntries(
    Object.entries(Object.groupBy(record?.nodes ?? [], ({ state }) => state)).map(([state, nodes]) => [
      state,
      nodes?.length ?? 0,
    ]),
  ),
});
