/** Runs the study by the project's own stages, in a store where a second build finds it done, and reads its results. */
import { fileURLToPath } from "node:url";
import { Heads, Probe, Scores, selectedProbe, Traces } from "@precipice/artifacts";
import { numerics, registry } from "@precipice/cli";
import { type AnyKind, Artifact, execute, Pipeline, type Plan, plan, Store } from "@precipice/runtime";
import * as Effect from "effect/Effect";

const STUDY = fileURLToPath(new URL("../study.yaml", import.meta.url));

export interface StudyOptions {
  /** `organism://cliff` */
  readonly model: string;
  /** Folder that holds the store and the run's record. */
  readonly root: string;
  readonly log: (line: string) => void;
}

/** Rejects with the first failed stage's error, as `precipice run` would tell it. */
export const runStudy = (options: StudyOptions) => Effect.runPromise(study(options));

export type Study = Awaited<ReturnType<typeof runStudy>>;

const study = Effect.fnUntraced(function* ({ model, root, log }: StudyOptions) {
  const pipeline = yield* Pipeline.load(STUDY, registry, { sets: [`vars.model=${model}`] });
  const made = yield* plan(pipeline, yield* Store.open(root), { numerics });
  const result = yield* execute(made, {
    onEvent: (event) => {
      if (event.type === "node.done" || event.type === "node.cached") log(`${event.type.slice(5)} ${event.node}`);
    },
  });
  for (const [node, { state, error }] of result.nodes)
    if (state === "failed") return yield* Effect.fail(new Error(`${node}: ${error?.message}`));
  const output = outputsOf(made);
  const probes = output("probe", "probe", Probe);
  const probe = yield* selectedProbe(probes);
  const row = (yield* probes.rows("probes")).find((r) => r.selected);
  const cliffs = (yield* output("scores", "scores", Scores).rows("traces")).filter((trace) => trace.cliff !== null);
  return {
    probe,
    accuracy: row?.accuracy_heldout ?? null,
    trainedOn: row?.n_train ?? 0,
    heads: yield* output("heads", "heads", Heads).rows("heads"),
    cliffs,
    /** The held-out requests' traces and the refusal score of their every token: what a page's own curves are compared with. */
    traces: yield* output("traces", "traces", Traces).rows("traces"),
    tokens: yield* output("scores", "scores", Scores).rows("tokens"),
  };
});

const outputsOf =
  (made: Plan) =>
  <K extends AnyKind>(node: string, name: string, kind: K) => {
    const digest = made.nodes.find((n) => n.node.name === node)?.digests[name];
    if (digest === undefined) throw new Error(`the study has no output ${node}.${name}`);
    return Artifact.open(kind, made.store.pathOf(kind, digest), { digest, node });
  };
