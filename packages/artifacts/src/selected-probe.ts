/** The probe that a stage reads with: its site, weights and bias out of a probe artifact. */
import { type ArtifactError, type Reader, StageError } from "@precipice/runtime";
import * as Effect from "effect/Effect";
import type { Probe } from "./probe.ts";

export interface SelectedProbe {
  readonly site: string;
  /** `[d]` */
  readonly weights: Float32Array;
  readonly bias: number;
}

/** The probe trained at `site`, or the selected one. Fails with `E_PROBE_SITE` naming the sites there are. */
export const selectedProbe = (
  reader: Reader<typeof Probe>,
  site?: string,
): Effect.Effect<SelectedProbe, StageError | ArtifactError> =>
  Effect.gen(function* () {
    const probes = yield* reader.rows("probes");
    const { columns, dim, data } = yield* reader.vectors("weights");
    const probe = probes.find((p) => (site === undefined ? p.selected : p.site === site));
    const at = columns.findIndex((c) => c.site === probe?.site);
    if (probe === undefined || at < 0) {
      return yield* new StageError({
        code: "E_PROBE_SITE",
        message: `no probe was trained at ${site ?? "a selected site"}`,
        remedy: `There are probes at ${probes.map((p) => p.site).join(", ")}`,
      });
    }
    return { site: probe.site, weights: data.slice(at * dim, (at + 1) * dim), bias: probe.bias };
  });
