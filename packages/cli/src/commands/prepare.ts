/** Flags to a plan: what `run` and `plan` have in common, so that the one runs what the other shows. */
import { Pipeline, plan, type Registry, Store } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { resolveRoot } from "../flags.ts";
import { numerics } from "../numerics.ts";

export interface PlanFlags {
  readonly file: string;
  readonly set: ReadonlyArray<string>;
  readonly root: Option.Option<string>;
  readonly force: ReadonlyArray<string>;
  readonly only: Option.Option<string>;
}

/** Loads, checks and plans; all errors come at once, before any work. */
export const prepare = Effect.fn("prepare")(function* (flags: PlanFlags, registry: Registry.Registry) {
  const pipeline = yield* Pipeline.load(flags.file, registry, { sets: flags.set });
  const store = yield* Store.open(yield* resolveRoot(Option.getOrUndefined(flags.root)));
  return yield* plan(pipeline, store, {
    force: flags.force,
    numerics,
    ...(Option.isSome(flags.only) ? { only: flags.only.value } : {}),
  });
});
