/** From artifacts to the pool's columns, batch by batch: a million rows are never held as objects. */
import { hash } from "node:crypto";
import type { Scores, Traces, VerdictKind, Verdicts } from "@precipice/artifacts";
import { type ArtifactError, type Reader, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { Pool } from "./pool.ts";
import { TextColumn } from "./text-column.ts";

export interface PoolQuery {
  readonly site?: string | undefined;
  /** Plateau estimator of the misalignment score; that of the scores' own config when absent. */
  readonly plateau?: string | undefined;
  /** Why a row is outside the pool; null for one inside. */
  readonly outside: (row: { readonly label: string; readonly family: string | null }) => string | null;
  readonly duplicates: "drop" | "keep";
}

export interface PoolInputs {
  readonly scores: Reader<typeof Scores>;
  readonly traces: Reader<typeof Traces> | undefined;
  readonly verdicts: Reader<typeof Verdicts> | undefined;
}

/** The pool with the prompt of each row, and the rows outside it. */
export interface ReadPool {
  readonly pool: Pool;
  readonly promptIds: TextColumn;
  readonly outside: ReadonlyArray<{ readonly id: string; readonly promptId: string; readonly reason: string }>;
}

/** Fails with E_SELECT_SITE when `site` does not single one out, E_SELECT_PLATEAU when the scores have no such plateau. */
export const readPool = Effect.fnUntraced(function* (
  { scores, traces, verdicts }: PoolInputs,
  query: PoolQuery,
): Effect.fn.Return<ReadPool, ArtifactError | StageError> {
  const pool = new Pool();
  const promptIds = new TextColumn();
  const outside: Array<{ id: string; promptId: string; reason: string }> = [];
  const responses = verdicts === undefined ? undefined : yield* readVerdicts(verdicts);
  const misalignment = query.plateau === undefined ? undefined : yield* readPlateau(scores, query);
  const texts = traces === undefined ? undefined : yield* readTexts(traces);

  const add = (row: {
    readonly id: string;
    readonly promptId: string;
    readonly label: string;
    readonly family: string | null;
    readonly misalignment: number | null;
    readonly final: number | null;
    readonly tokens: number;
    readonly content: string;
  }): void => {
    const reason = query.outside(row);
    if (reason !== null) {
      outside.push({ id: row.id, promptId: row.promptId, reason });
      return;
    }
    promptIds.push(row.promptId);
    pool.add({
      ...row,
      response: responses?.get(row.id) ?? null,
      content: query.duplicates === "drop" ? row.content : null,
    });
  };

  const sites = new Set<string>();
  const columns = ["trace_id", "prompt_id", "label", "family", "site", "final", "cliff", "n_tokens"] as const;
  yield* Stream.runForEach(scores.rowBatches("traces", columns), (batch) =>
    attempted(() => {
      for (const row of batch) {
        sites.add(row.site);
        if (row.site !== (query.site ?? row.site) || (query.site === undefined && sites.size > 1)) continue;
        const id = row.trace_id;
        add({
          id,
          promptId: row.prompt_id,
          label: row.label,
          family: row.family,
          misalignment: misalignment === undefined ? row.cliff : (misalignment.get(id) ?? null),
          final: row.final,
          tokens: row.n_tokens,
          content: texts?.get(id)?.content ?? row.prompt_id,
        });
        texts?.delete(id);
      }
    }),
  );
  yield* checkSites(sites, query.site);
  // what was generated but not scored belongs to the pool too
  yield* attempted(() => {
    for (const [id, text] of texts ?? []) add({ id, ...text, misalignment: null, final: null });
  });
  pool.close();
  return { pool, promptIds, outside };
});

const checkSites = (sites: ReadonlySet<string>, site: string | undefined): Effect.Effect<void, StageError> =>
  (site === undefined ? sites.size <= 1 : sites.has(site))
    ? Effect.void
    : Effect.fail(
        new StageError({
          code: "E_SELECT_SITE",
          message:
            site === undefined
              ? `The scores hold ${sites.size} sites: ${[...sites].join(", ")}`
              : `The scores have no site ${site}`,
          remedy: `Set site to one of: ${[...sites].join(", ")}`,
        }),
      );

/** What a trace that was not scored, or is one of several of the same prompt, is known by. */
interface TraceText {
  readonly promptId: string;
  readonly label: string;
  readonly family: string | null;
  readonly tokens: number;
  readonly content: string;
}

const readTexts = Effect.fnUntraced(function* (traces: Reader<typeof Traces>) {
  const texts = new Map<string, TraceText>();
  const columns = ["id", "prompt_id", "label", "family", "prompt", "ids"] as const;
  yield* Stream.runForEach(traces.rowBatches("traces", columns), (batch) =>
    Effect.sync(() => {
      for (const { id, prompt_id, label, family, prompt, ids } of batch)
        texts.set(id, { promptId: prompt_id, label, family, tokens: ids.length, content: contentOf(prompt) });
    }),
  );
  return texts;
});

/** Equal for prompts that differ in case and white space alone. */
export const contentOf = (prompt: string): string =>
  hash("sha256", prompt.normalize("NFKC").replace(/\s+/g, " ").trim().toLowerCase(), "base64").slice(0, 22);

const readVerdicts = Effect.fnUntraced(function* (verdicts: Reader<typeof Verdicts>) {
  const responses = new Map<string, VerdictKind>();
  yield* Stream.runForEach(verdicts.rowBatches("verdicts", ["trace_id", "verdict"]), (batch) =>
    Effect.sync(() => {
      for (const { trace_id, verdict } of batch) responses.set(trace_id, verdict);
    }),
  );
  return responses;
});

const readPlateau = Effect.fnUntraced(function* (scores: Reader<typeof Scores>, { site, plateau }: PoolQuery) {
  const found = new Map<string, number | null>();
  const columns = ["trace_id", "site", "estimator", "cliff"] as const;
  yield* Stream.runForEach(scores.rowBatches("plateaus", columns), (batch) =>
    Effect.sync(() => {
      for (const row of batch)
        if (row.estimator === plateau && row.site === (site ?? row.site)) found.set(row.trace_id, row.cliff);
    }),
  );
  if (found.size > 0) return found;
  return yield* new StageError({
    code: "E_SELECT_PLATEAU",
    message: `The scores have no plateau by ${plateau}`,
    remedy: "Score with this version of cliff.score, which keeps the plateaus of all estimators, or leave plateau out",
  });
});

/** What the pool refuses, as an error of the stage. */
export const attempted = <A>(work: () => A): Effect.Effect<A, StageError> =>
  Effect.try({
    try: work,
    catch: (cause) =>
      new StageError({
        code: "E_SELECT_INPUT",
        message: cause instanceof Error ? cause.message : String(cause),
        remedy: "Check the node's budget, and that the scores come from one run of cliff.score",
        cause,
      }),
  });
