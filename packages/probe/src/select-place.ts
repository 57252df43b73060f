/** Which of several probes to use: a stated rule, applied to held-out AUROC. */
import type { Estimate } from "@precipice/stats";
import { ProbeInputError } from "./probe-error.ts";
import type { Place } from "./training-set.ts";

/**
 * A site's name: its last position. `undefined`: the last site, at its last position. `best`: the highest AUROC, the later one
 * on a tie. `earliest`: the first whose AUROC reaches the lower end of the best one's interval, so that a later layer is only
 * taken where it is clearly better.
 */
export type SiteRule = string | "best" | "earliest" | undefined;

/** Has the rule looked at held-out numbers? Then they flatter the probe it took, and tests must allow for the search. */
export const isSearch = (rule: SiteRule): boolean => rule === "best" || rule === "earliest";

/** Throws a ProbeInputError `unknown-site` unless the site to select is captured. */
export const checkSelectable = (places: readonly Place[], rule: SiteRule): void => {
  const sites = [...new Set(places.map(({ site }) => site))];
  if (rule === undefined || isSearch(rule) || sites.includes(rule)) return;
  throw new ProbeInputError("unknown-site", `site ${rule} was not captured; captured sites: ${sites.join(", ")}`);
};

/** Index of the chosen place. Throws as `checkSelectable`. */
export const selectPlace = (trained: ReadonlyArray<Place & { readonly auroc: Estimate }>, rule: SiteRule): number => {
  checkSelectable(trained, rule);
  if (rule === undefined) return trained.length - 1;
  if (!isSearch(rule)) return trained.findLastIndex(({ site }) => site === rule);
  const most = Math.max(...trained.map(({ auroc }) => auroc.value));
  const best = trained.findLastIndex(({ auroc }) => auroc.value === most);
  if (rule === "best") return best;
  const { lo } = (trained[best] as (typeof trained)[number]).auroc;
  return trained.findIndex(({ auroc }) => auroc.value >= (lo ?? most));
};
