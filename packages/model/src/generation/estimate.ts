/** What a generation will need, from config.json alone: for plans made before anything is opened. */
import { availableParallelism } from "node:os";
import type { DecoderConfig } from "../architecture/config.ts";
import { DecoderError } from "../errors.ts";
import { openPlanned } from "../known-checkpoints.ts";
import { kvCacheBytes } from "./kv-budget.ts";

export interface GenerationSettings {
  readonly maxNewTokens: number;
  readonly batch: number;
  readonly workers?: number;
  readonly kvBudgetMb?: number;
}

export interface GenerationEstimate {
  readonly rows?: number;
  /** KV cache, bytes. */
  readonly memoryBytes?: number;
  readonly note?: string;
}

/** Prompts are not tokenised for a plan. */
const ASSUMED_PROMPT_TOKENS = 256;
/** Prompts longer than this need a generator opened for them. */
const LONGEST_PROMPT = 4096;

/** Longest sequence to open a generator for, so that `maxNewTokens` can be had: within the model's own limit. */
export const roomFor = ({ maxPositions }: Pick<DecoderConfig, "maxPositions">, maxNewTokens: number): number =>
  Math.min(maxPositions, LONGEST_PROMPT + maxNewTokens);

/**
 * Rows and KV cache of a generation; without the folder or the number of rows what is known without. Throws `DecoderError` when
 * the budget that the settings state is too small for a single row.
 */
export const estimateGeneration = (
  { maxNewTokens, batch, workers = availableParallelism(), kvBudgetMb }: GenerationSettings,
  folder: string | number | undefined,
  rows: number | undefined,
): GenerationEstimate => {
  const known = rows === undefined ? {} : { rows };
  if (typeof folder !== "string") return known;
  const { config } = openPlanned(folder);
  const tokens = Math.min(config.maxPositions, ASSUMED_PROMPT_TOKENS + maxNewTokens);
  const atOnce = Math.min(rows ?? Number.POSITIVE_INFINITY, batch * workers);
  const wanted = kvCacheBytes(config, atOnce, tokens);
  const budget = kvBudgetMb === undefined ? Number.POSITIVE_INFINITY : kvBudgetMb * 1e6;
  const least = kvCacheBytes(config, 1, Math.min(config.maxPositions, maxNewTokens));
  if (least > budget) {
    throw new DecoderError({
      what: "kvBudgetMb",
      problem: `${kvBudgetMb} MB hold no row of ${maxNewTokens} new tokens: its keys and values take ${Math.ceil(least / 1e6)} MB`,
      remedy: "raise kvBudgetMb or lower maxNewTokens",
    });
  }
  const assumed = tokens < config.maxPositions ? ` (prompts of ${ASSUMED_PROMPT_TOKENS})` : "";
  const fitted = wanted > budget ? ", fewer at once to stay in kvBudgetMb" : "";
  return {
    ...known,
    memoryBytes: Math.min(wanted, budget),
    note: `KV cache: up to ${atOnce} rows × ${tokens} tokens${assumed}${fitted}`,
  };
};
