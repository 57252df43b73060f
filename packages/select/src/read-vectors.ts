/** Activation vectors of chosen traces, for selections that spread in activation space. */
import type { Activations } from "@precipice/artifacts";
import { type Reader, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";

/**
 * One vector per id that has one, of the one site and position the activations hold. Fails with E_SELECT_ACTIVATIONS when they
 * hold several, or a position with several tokens.
 */
export const readVectors = Effect.fnUntraced(function* (
  activations: Reader<typeof Activations>,
  wanted: ReadonlySet<string>,
) {
  const vectors = new Map<string, Float32Array>();
  const places = new Set<string>();
  let twice: string | undefined;
  const batches = activations.vectorBatches("activations", ({ trace_id, site, position }) => {
    places.add(`${site} at ${position}`);
    return wanted.has(trace_id);
  });
  yield* Stream.runForEach(batches, ({ columns, dim, data }) =>
    Effect.sync(() => {
      columns.forEach(({ trace_id }, i) => {
        if (!wanted.has(trace_id)) return;
        if (vectors.has(trace_id)) twice = trace_id;
        vectors.set(trace_id, data.slice(i * dim, (i + 1) * dim));
      });
    }),
  );
  if (places.size <= 1 && twice === undefined) return vectors;
  return yield* new StageError({
    code: "E_SELECT_ACTIVATIONS",
    message:
      places.size > 1
        ? `The activations hold ${[...places].join(", ")}: one place is needed`
        : `The activations have several vectors of trace ${twice}`,
    remedy: "Capture one site at one position of one token, such as final, for this node",
  });
});
