/** `precipice gc`: gives back the disk space of what is no longer needed. */
import { relative } from "node:path";
import { Store } from "@precipice/runtime";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as flags from "../flags.ts";
import { table } from "../terminal/table.ts";
import { bytesText, outputWidth, printable } from "../terminal/text.ts";
import { jsonErrors } from "./json-errors.ts";

export const gcCommand = () =>
  Command.make(
    "gc",
    {
      olderThan: Flag.String("older-than").pipe(
        Flag.withDescription("Remove what no run used for so long: 12h, 30d, 8w"),
        Flag.withMetavar("age"),
        Flag.filterMap(flags.measure(flags.ageUnits), () => "an age such as 30d"),
        Flag.optional,
      ),
      maxSize: Flag.String("max-size").pipe(
        Flag.withDescription("Remove the longest unused until the store takes no more than this: 500MB, 10GB"),
        Flag.withMetavar("size"),
        Flag.filterMap(flags.measure(flags.sizeUnits), () => "a size such as 10GB"),
        Flag.optional,
      ),
      unreachable: Flag.Boolean("unreachable").pipe(
        Flag.withDescription(
          "Remove what neither a pin, nor a recent run, nor the last complete run of a pipeline leads to",
        ),
        Flag.withDefault(false),
      ),
      keepRuns: Flag.Int("keep-runs").pipe(
        Flag.withDescription(
          "How many of the last runs --unreachable keeps, beside the last complete one of each pipeline; default: 10",
        ),
        Flag.withMetavar("n"),
        Flag.filter(
          (n) => n >= 0,
          () => "a whole number, 0 or more",
        ),
        Flag.withDefault(10),
      ),
      dryRun: Flag.Boolean("dry-run").pipe(Flag.withDescription("Only show what would go"), Flag.withDefault(false)),
      root: flags.root,
      json: flags.json("Print what went as JSON"),
    },
    Effect.fn("precipice gc")(function* ({ olderThan, maxSize, unreachable, keepRuns, dryRun, root, json }) {
      const store = yield* Store.open(yield* flags.resolveRoot(Option.getOrUndefined(root)), { sweep: false });
      const collected = yield* Store.collect(store, {
        unreachable,
        keepRuns,
        dryRun,
        ...(Option.isSome(olderThan) ? { olderThanMs: olderThan.value } : {}),
        ...(Option.isSome(maxSize) ? { maxBytes: maxSize.value } : {}),
      }).pipe(jsonErrors(json));
      if (json) {
        process.stdout.write(`${JSON.stringify({ dryRun, ...collected }, null, 2)}\n`);
        return;
      }
      const { removed, left: foreign, orphans, scratch, freedBytes, keptBytes, keptRuns } = collected;
      const listed = [...removed, ...scratch.map((one) => ({ kind: "(scratch)", ...one }))];
      const rows = listed.map(({ kind, digest, bytes, reason }) => ({
        kind,
        digest: digest.slice(0, 12),
        size: bytesText(bytes),
        reason,
      }));
      const verb = dryRun ? "would remove" : "removed";
      const left = `${orphans} leftover${orphans === 1 ? "" : "s"} of killed runs`;
      const scratchBytes = scratch.reduce((sum, { bytes }) => sum + bytes, 0);
      const progress =
        scratch.length === 0
          ? ""
          : `, ${scratch.length} scratch folder${scratch.length === 1 ? "" : "s"} (${bytesText(scratchBytes)})`;
      const total = `${verb} ${removed.length} artifacts (${bytesText(freedBytes)})${progress} and ${left}; ${bytesText(keptBytes)} stay`;
      const kept = keptRuns === undefined ? [] : [keptText(keepRuns, keptRuns)];
      process.stdout.write(
        `${[...table(rows, outputWidth(), { wrap: ["reason"] }), total, ...kept, ...foreignLines(foreign)].join("\n")}\n`,
      );
    }),
  ).pipe(
    Command.withDescription(
      "Remove stored results by age, size or reachability. Pinned ones, and what a running run uses, always stay",
    ),
    Command.withExamples([
      {
        command: "precipice gc --unreachable --dry-run",
        description: "What would go that no pin and none of these runs leads to",
      },
      { command: "precipice gc --older-than 30d", description: "What no run used for 30 days" },
      { command: "precipice gc --max-size 10GB", description: "Shrink the store to 10 GB" },
      { command: "precipice gc", description: "Only leftovers of killed runs and unreadable entries" },
    ]),
  );

/** What only its owner may remove. */
const foreignLines = (left: Store.Collected["left"]): ReadonlyArray<string> =>
  left.map(({ path, reason }) => printable(`left alone: ${relative("", path)}: ${reason}`));

/** Which runs `--unreachable` kept everything of. */
const keptText = (last: number, { recent, complete }: Store.KeptRuns): string => {
  const all = `kept: pins and ${recent + complete} run${recent + complete === 1 ? "" : "s"}`;
  return `${all}: the last ${recent} (--keep-runs ${last}) and ${complete} older, the last complete ones of their pipelines`;
};
