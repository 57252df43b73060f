/** One probe per captured site, each with its held-out scores, and which of them to use. */
import type { ProbeRow } from "@precipice/artifacts";
import { accuracy } from "@precipice/stats";
import { type CrossValidation, crossValidate } from "./cross-validate.ts";
import { fitProbe, type ProbeMethod } from "./fit-probe.ts";
import { probeScores } from "./probe.ts";
import { ProbeInputError } from "./probe-error.ts";
import type { TrainingSet } from "./training-set.ts";

export interface TrainProbesOptions {
  readonly position: string;
  readonly method: ProbeMethod;
  readonly l2: number;
  readonly folds: number;
  readonly seed: number;
  /** A captured site; "best" = highest held-out AUROC, the later site on a tie; undefined = the last captured. */
  readonly site: string | undefined;
}

export interface TrainedProbes {
  readonly rows: readonly ProbeRow[];
  /** Row-major [rows.length, dim], in the order of rows. */
  readonly weights: Float32Array;
  readonly dim: number;
  /** Of the selected probe. */
  readonly heldOut: CrossValidation;
}

/** The final probe of a site is fitted to all rows; held-out numbers come from the folds. Throws a ProbeInputError. */
export const trainProbes = (
  set: TrainingSet,
  options: TrainProbesOptions,
  onSite: (done: number, total: number, site: string) => void = () => {},
): TrainedProbes => {
  const { position, method, l2, folds, seed, site } = options;
  if (site !== undefined && site !== "best" && !set.sites.includes(site)) {
    throw new ProbeInputError("unknown-site", `site ${site} was not captured; captured sites: ${set.sites.join(", ")}`);
  }
  const trained = set.sites.map((name, i) => {
    const X = set.activationsAt(name);
    const probe = fitProbe(X, set.y, { method, l2, seed });
    const heldOut = crossValidate(X, set.y, set.groups, { method, l2, seed, folds });
    onSite(i + 1, set.sites.length, name);
    return { name, probe, heldOut, accuracyTrain: accuracy(probeScores(probe, X), set.y) };
  });
  const best = Math.max(...trained.map(({ heldOut }) => heldOut.auroc.value));
  const selected =
    site === "best"
      ? trained.findLastIndex(({ heldOut }) => heldOut.auroc.value === best)
      : site === undefined
        ? trained.length - 1
        : set.sites.indexOf(site);

  const dim = trained[0]?.probe.weight.length ?? 0;
  const weights = new Float32Array(trained.length * dim);
  trained.forEach(({ probe }, i) => {
    weights.set(probe.weight, i * dim);
  });
  const n = set.y.length;
  const rows = trained.map(({ name, probe, heldOut, accuracyTrain }, i) => ({
    site: name,
    position,
    method,
    bias: probe.bias,
    accuracy_train: accuracyTrain,
    accuracy_heldout: heldOut.accuracy.value,
    auroc_heldout: heldOut.auroc.value,
    ece_heldout: heldOut.ece.value,
    n_train: n,
    n_heldout: n,
    selected: i === selected,
  }));
  return { rows, weights, dim, heldOut: (trained[selected] as (typeof trained)[number]).heldOut };
};
