/** How many prompts a query will give, for the plan: counted where the rows are on this machine, else what the card says. */
import { isHubSource } from "@precipice/model";
import { checkHubFiles, findHubSplit, type HubSplit, isCached } from "./hub-dataset.ts";
import { type DataQuery, type LoadOptions, loadPrompts, splitsOf, withPreset } from "./load-prompts.ts";

/** Larger files of a hub are not read for a plan. */
const COUNTED_BYTES = 64e6;

/**
 * `undefined` where only reading would tell: rows of a hub that are not here yet, behind a filter, or of a split whose card states no
 * number. Rejects with `HubError`, `StageError`, among them `E_HUB_OFFLINE` for files that are missing and may not be fetched.
 */
export const countPrompts = async (asked: DataQuery, options: LoadOptions): Promise<number | undefined> => {
  const query = withPreset(asked);
  if (!isHubSource(query.source)) return (await loadPrompts(asked, options)).length;
  const splits: HubSplit[] = [];
  for (const split of splitsOf(query)) splits.push(await findHubSplit(query.source, query.config, split, options));
  for (const split of splits) checkHubFiles(split);
  const bytes = splits.reduce((sum, { files, listed }) => sum + bytesOf(files.paths, listed), 0);
  if (splits.every(isCached) && bytes <= COUNTED_BYTES) return (await loadPrompts(asked, options)).length;
  if (query.dedup || query.label !== "both" || Object.keys(query.where ?? {}).length > 0) return undefined;
  const known = splits.flatMap(({ files }) => (files.rows === undefined ? [] : [files.rows]));
  if (known.length < splits.length) return undefined;
  const rows = known.reduce((sum, one) => sum + one, 0);
  return Math.min(rows, query.take ?? rows, query.count ?? rows);
};

const bytesOf = (paths: ReadonlyArray<string>, listed: HubSplit["listed"]): number =>
  paths.reduce((sum, path) => sum + (listed.get(path)?.bytes ?? 0), 0);
