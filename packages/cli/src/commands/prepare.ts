/** Flags to a plan: what `run`, `plan` and `graph` have in common, so that the one runs what the others show. */
import { Pipeline, plan, type Registry, Store } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { resolveRoot, standingFolder } from "../flags.ts";
import { numerics } from "../numerics.ts";
import { printable } from "../terminal/text.ts";

export interface PlanFlags {
  readonly file: string;
  readonly set: ReadonlyArray<string>;
  readonly vars: Option.Option<string>;
  readonly root: Option.Option<string>;
  readonly from: Option.Option<string>;
  readonly to: Option.Option<string>;
  readonly only: Option.Option<string>;
  readonly force: ReadonlyArray<string>;
  readonly heal: boolean;
}

/** Loads, checks and plans; all errors come at once, before any work. */
export const prepare = Effect.fn("prepare")(function* (flags: PlanFlags, registry: Registry.Registry) {
  const pipeline = yield* Pipeline.load(flags.file, registry, {
    sets: flags.set,
    from: standingFolder(),
    onProgress: progressOf("nodes checked"),
    ...given("varsFile", flags.vars),
  });
  const store = yield* Store.open(yield* resolveRoot(Option.getOrUndefined(flags.root)));
  return yield* plan(pipeline, store, {
    force: flags.force,
    heal: flags.heal,
    numerics,
    onNotice,
    onProgress: progressOf("nodes looked at"),
    ...given("from", flags.from),
    ...given("to", flags.to),
    ...given("only", flags.only),
  });
});

const progressGapMs = 1000;

/** A line on stderr each second that it takes, `planning: 3200 of 10002 nodes looked at`; none when it takes less. */
const progressOf = (what: string) => {
  let toldMs = performance.now();
  return (done: number, total: number): void => {
    const now = performance.now();
    if (now - toldMs < progressGapMs || done === total) return;
    toldMs = now;
    process.stderr.write(`planning: ${done} of ${total} ${what}\n`);
  };
};

/** To where progress goes too, so that a waiting plan is not silent and its JSON stays JSON; each line once. */
const told = new Set<string>();
const onNotice = (node: string, message: string): void => {
  const line = printable(`${node}: ${message}`);
  if (told.has(line)) return;
  told.add(line);
  process.stderr.write(`${line}\n`);
};

const given = <K extends string>(key: K, value: Option.Option<string>): { readonly [P in K]?: string } =>
  (Option.isSome(value) ? { [key]: value.value } : {}) as { readonly [P in K]?: string };
