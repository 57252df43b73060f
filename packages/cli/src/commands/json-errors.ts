/** With `--json` a program that reads stdout finds errors there too, as one line of the same stream. */
import { clip, MOST_SAID } from "@precipice/files";
import { PipelineError } from "@precipice/runtime";
import * as Effect from "effect/Effect";

interface Coded {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string | undefined;
}

/** Prints `{"type":"error","issues":[…]}` before the failure goes its way. */
export const jsonErrors =
  (json: boolean) =>
  <A, E extends PipelineError | Coded, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.tapError(effect, (error) =>
      Effect.sync(() => {
        if (!json) return;
        const issues =
          error instanceof PipelineError
            ? error.issues
            : [{ code: error.code, message: error.message, remedy: error.remedy }];
        const told = issues.map((issue) => ({ ...issue, message: clip(issue.message, MOST_SAID) }));
        process.stdout.write(`${JSON.stringify({ type: "error", issues: told })}\n`);
      }),
    );
